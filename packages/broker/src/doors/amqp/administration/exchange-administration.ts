import type { Binding, Exchange } from '../../../routing/exchange.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { refusal, trying } from './administration-error.ts'
import { type AdministrationHost, demandVhost } from './administration-host.ts'
import { argumentsOf, type JsonTable, jsonOf } from './json-value.ts'
import { byName } from './user-administration.ts'

/** An exchange as an administrator sees it; the default one has an empty name. */
export interface ExchangeInfo extends Omit<Exchange, 'arguments'> {
  readonly vhost: string
  readonly arguments: JsonTable
}

/** A binding; those of the default exchange are not among them. */
export interface BindingInfo extends Omit<Binding, 'arguments'> {
  readonly vhost: string
  readonly arguments: JsonTable
}

/** An exchange to be made. */
export interface NewExchange {
  readonly name: string
  /** `direct`, `fanout`, `topic`, `headers` or `x-delayed-message`. */
  readonly type: string
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** A binding to be made. */
export interface NewBinding extends Omit<Binding, 'arguments'> {
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Exchanges and bindings. */
export class ExchangeAdministration {
  readonly #host: AdministrationHost

  constructor(host: AdministrationHost) {
    this.#host = host
  }

  /** Of one virtual host, or of all, by name. `unknown`. */
  list(vhost?: string): Promise<ExchangeInfo[]> {
    return trying('list exchanges', () =>
      this.#vhosts(vhost).flatMap((each) =>
        byName(each.routing.exchanges()).map((exchange) => ({
          ...exchange,
          ...{ vhost: each.name, arguments: jsonOf(exchange.arguments) },
        })),
      ),
    )
  }

  /**
   * Makes a durable one; no effect where it is there and the same. `unknown`, `argument`,
   * `refused`: it is there and different.
   */
  add(vhost: string, { type, arguments: args, ...rest }: NewExchange): Promise<void> {
    return trying(`add exchange '${rest.name}'`, () => {
      const declared = { ...rest, durable: true, arguments: argumentsOf(args) }
      return demandVhost(this.#host, vhost).declareExchange(declared, type)
    })
  }

  /** No effect where it is there. `unknown`: an end of it is not there; `argument`. */
  bind(vhost: string, { arguments: args, ...rest }: NewBinding): Promise<void> {
    return trying(`bind '${rest.destination.name}' to '${rest.source}'`, () => {
      return demandVhost(this.#host, vhost).bind({ ...rest, arguments: argumentsOf(args) })
    })
  }

  /** With its bindings. `unknown`, `refused`: it is one of those that are always there. */
  delete(vhost: string, name: string): Promise<void> {
    return trying(`delete exchange '${name}'`, async () => {
      const host = demandVhost(this.#host, vhost)
      host.demandExchange(name)
      await host.deleteExchange(name, false)
    })
  }

  /** Of one virtual host, or of all, by their exchange. `unknown`. */
  bindings(vhost?: string): Promise<BindingInfo[]> {
    return trying('list bindings', () =>
      this.#vhosts(vhost).flatMap((each) =>
        inOrder(each.routing.bindings()).map((binding) => ({
          ...binding,
          ...{ vhost: each.name, arguments: jsonOf(binding.arguments) },
        })),
      ),
    )
  }

  /** All that lead from the exchange to the destination with that key. `unknown`: there is none. */
  unbind(vhost: string, asked: Omit<Binding, 'arguments'>): Promise<number> {
    const { source, destination, key } = asked
    return trying(`remove the binding of '${source}' to '${destination.name}'`, async () => {
      const host = demandVhost(this.#host, vhost)
      const gone = host.routing.bindingsTo(destination).filter((each) => {
        return each.source === source && each.key === key
      })
      if (gone.length === 0) throw refusal('unknown', `there is none with the key '${key}'`)
      for (const binding of gone) await host.unbind(binding)
      return gone.length
    })
  }

  #vhosts(name: string | undefined): VirtualHost[] {
    return name === undefined ? byName([...this.#host.vhosts()]) : [demandVhost(this.#host, name)]
  }
}

function inOrder(bindings: Binding[]): Binding[] {
  const keyOf = ({ source, destination: { kind, name }, key }: Binding) => {
    return [source, kind, name, key].join('\n')
  }
  return bindings.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}
