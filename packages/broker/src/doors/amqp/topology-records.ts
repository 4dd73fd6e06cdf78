import { hash } from 'node:crypto'
import { decodeTable, encodeTable } from '@hufu/wire/amqp091'
import type { Broker } from '../../api.ts'
import { type Binding, bindingId, type Exchange } from '../../routing/exchange.ts'
import type { Arguments } from '../../routing/fields.ts'
import type { Policy } from '../../routing/policy.ts'
import type { QueueDeclaration } from './amqp-queue.ts'

/** What stands behind the names in a record; arguments as the bytes of a table, base64. */
type Stored<T> = Omit<T, 'name' | 'arguments' | 'rawArguments'> & { readonly table: string }

type Kind = 'exchange' | 'queue' | 'binding' | 'policy' | 'operator-policy'

/** What goes together. */
export interface Gone {
  readonly queues: readonly string[]
  readonly exchanges: readonly string[]
  readonly bindings: readonly Binding[]
}

/** What of one virtual host is to be there after a restart, as records of the core. */
export class TopologyRecords {
  readonly #broker: Broker
  readonly #vhost: string

  constructor(broker: Broker, vhost: string) {
    this.#broker = broker
    this.#vhost = vhost
  }

  all(): { exchanges: Exchange[]; queues: QueueDeclaration[]; bindings: Binding[] } {
    const exchanges = this.#entries<Stored<Exchange>>('exchange').map(
      ([name, { table, ...rest }]): Exchange => ({ name, ...rest, arguments: argumentsIn(table) }),
    )
    const queues = this.#entries<Stored<QueueDeclaration>>('queue').map(
      ([name, { table, ...rest }]): QueueDeclaration => ({
        ...{ name, ...rest },
        arguments: argumentsIn(table),
      }),
    )
    const bindings = this.#entries<Stored<Binding>>('binding').map(
      ([, { table, ...rest }]): Binding => ({ ...rest, arguments: argumentsIn(table) }),
    )
    return { exchanges, queues, bindings }
  }

  putExchange({ name, arguments: args, ...rest }: Exchange): Promise<void> {
    return this.#put('exchange', name, { ...rest, table: tableOf(args) })
  }

  putQueue({ name, arguments: args, ...rest }: QueueDeclaration): Promise<void> {
    return this.#put('queue', name, { ...rest, table: tableOf(args) })
  }

  putBinding(binding: Binding): Promise<void> {
    const { arguments: args, ...rest } = binding
    return this.#put('binding', nameOf(binding), { ...rest, table: tableOf(args) })
  }

  policies(operator: boolean): Policy[] {
    return this.#entries<Omit<Policy, 'name'>>(kindOf(operator)).map(
      ([name, rest]): Policy => ({ name, ...rest }),
    )
  }

  putPolicy({ name, ...rest }: Policy, operator: boolean): Promise<void> {
    return this.#put(kindOf(operator), name, rest)
  }

  forgetPolicy(name: string, operator: boolean): Promise<void> {
    return this.#broker.records.put([{ key: this.#key(kindOf(operator), name), value: undefined }])
  }

  /** All of it goes by one entry of the log; what was never stored does no harm. */
  forget({ queues, exchanges, bindings }: Gone): Promise<void> {
    const keys = [
      ...queues.map((name) => this.#key('queue', name)),
      ...exchanges.map((name) => this.#key('exchange', name)),
      ...bindings.map((binding) => this.#key('binding', nameOf(binding))),
    ]
    if (keys.length === 0) return Promise.resolve()
    return this.#broker.records.put(keys.map((key) => ({ key, value: undefined })))
  }

  #entries<T>(kind: Kind): [name: string, value: T][] {
    const prefix = this.#key(kind, '')
    return this.#broker.records
      .entries(prefix)
      .map(([key, value]) => [key.slice(prefix.length), JSON.parse(Buffer.from(value).toString())])
  }

  #put(kind: Kind, name: string, value: object): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(value))
    return this.#broker.records.put([{ key: this.#key(kind, name), value: bytes }])
  }

  #key(kind: Kind, name: string): string {
    return `amqp/${kind}/${this.#vhost}\0${name}`
  }
}

function kindOf(operator: boolean): Kind {
  return operator ? 'operator-policy' : 'policy'
}

/** Its parts together may be longer than a key may be. */
function nameOf(binding: Binding): string {
  return hash('sha256', bindingId(binding))
}

function tableOf(args: Arguments): string {
  return Buffer.from(encodeTable([...args] as Parameters<typeof encodeTable>[0])).toString('base64')
}

function argumentsIn(table: string): Arguments {
  return new Map(decodeTable(Buffer.from(table, 'base64')))
}
