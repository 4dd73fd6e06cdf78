import type { Event } from './event.ts'
import type { ConsumeContext, ConsumeOptions, Consumer } from './inbox/options.ts'
import { hashOf } from './json.ts'
import { fail, later } from './outcome.ts'
import { once } from './ports/once.ts'
import type { Op, Participant, ParticipantRequest } from './ports/participant.ts'
import type { ReceiptRow, Store } from './ports/store.ts'
import type { TransactionKind } from './ports/transactions.ts'
import { check, type InputOf, type OutputOf, type StandardSchema } from './schema.ts'
import type { Receipt } from './service/receipt.ts'

export interface CommandOptions<In extends StandardSchema, Out extends StandardSchema> {
  /** Of what the participant is sent. */
  readonly input: In
  /** Of what it returns. */
  readonly output?: Out
  /** Who carries it out. Default `participant`. */
  readonly group?: string
}

/** What the one who carries out a command is told besides its input. */
export interface CommandContext extends ConsumeContext {
  /** The global transaction. */
  readonly transaction: string
  readonly branch: string
  readonly op: Op
  /** For an undoing: what the command that it undoes returned, if it is known. */
  readonly result: unknown
}

/**
 * A command by message, with its reply: a step's participant that need not be there when it is
 * called. The message goes through the outbox, the reply is its receipt.
 */
export interface Command<Tx, In extends StandardSchema, Out extends StandardSchema>
  extends Participant<InputOf<In>, OutputOf<Out>> {
  readonly name: string
  /** The same, given another input: `reserve.with((order) => ({ sku: order.sku }))`. */
  with<Given>(
    map: (input: Given, results: Readonly<Record<string, unknown>>) => InputOf<In>,
  ): Participant<Given, OutputOf<Out>>
  /**
   * In the participant's service: carries it out in a transaction of its store, behind the barrier
   * there, once. `fail()` refuses it.
   */
  handle(
    work: (
      tx: Tx,
      input: OutputOf<In>,
      ctx: CommandContext,
    ) => Promise<InputOf<Out>> | InputOf<Out>,
    options?: ConsumeOptions,
  ): Consumer
}

/** Whose reply it is. */
export type CommandCall = Pick<ParticipantRequest, 'branch' | 'op'>

/** What a command's message holds. */
interface Envelope {
  readonly transaction: {
    readonly id: string
    readonly gid: string
    readonly kind: TransactionKind
  }
  readonly branch: string
  readonly op: Op
  readonly input: unknown
  readonly result: unknown
}

/** The reply wakes the coordinator; this is how often it is looked for besides, ms. */
const LOOK_MS = 2_000

const ID_CHARS_MAX = 255

type AnyEvent<Tx> = Event<Tx, never, StandardSchema, string, Record<string, StandardSchema>>

export interface CommandParts<Tx> {
  readonly store: Store<Tx, never>
  readonly group: string
  /** Tells the coordinator of this process, if it has the transaction in hand. */
  readonly tell: (id: string, call: CommandCall, receipt: Receipt<unknown>) => void
}

/** The schema of a command's message around that of its input. */
export function envelopeSchema(input: StandardSchema): StandardSchema {
  const validate = async (value: unknown) => {
    const { transaction, branch, op, input: given, result } = (value ?? {}) as Partial<Envelope>
    if (typeof transaction?.gid !== 'string' || typeof branch !== 'string') {
      return { issues: [{ message: 'no command of a global transaction' }] }
    }
    const checked = await check(input, given)
    if ('issues' in checked) return { issues: [{ message: checked.issues, path: ['input'] }] }
    return { value: { transaction, branch, op, input: checked.value, result } }
  }
  return { '~standard': { version: 1, vendor: 'hufu', validate } }
}

export class MessageCommand<Tx> {
  readonly kind = 'command'
  readonly name: string
  readonly #event: AnyEvent<Tx>
  readonly #parts: CommandParts<Tx>

  constructor(event: AnyEvent<Tx>, parts: CommandParts<Tx>) {
    this.name = event.name
    this.#event = event
    this.#parts = parts
    event.onReceipt(parts.group, (_tx, receipt, payload) => {
      const { transaction, branch, op } = payload as Envelope
      parts.tell(transaction.id, { branch, op }, receipt)
    })
  }

  with(map: (input: never, results: Readonly<Record<string, unknown>>) => unknown): Participant {
    const call = (request: ParticipantRequest) => {
      return this.call({ ...request, input: map(request.input as never, request.results) })
    }
    return { kind: this.kind, call }
  }

  /** The reply, if it is there; else the command is sent, unless it was. */
  async call(request: ParticipantRequest): Promise<unknown> {
    const { store } = this.#parts
    const id = idOf(request)
    const reply = await this.#reply(id)
    if (reply !== undefined) return answerOf(reply)
    const { id: own, gid = own, kind, branch, op, input, result, headers } = request
    const transaction = { id: own, gid, kind }
    const envelope: Envelope = { transaction, branch, op, input, result }
    const known = await store.transaction(async (tx) => {
      if ((await store.outbox.find(tx, this.name, id)) !== undefined) return true
      await this.#event.publish(tx, envelope, { id, headers })
      return false
    })
    // Its sending is repeated by the outbox, until the reply is there.
    throw later(known ? LOOK_MS : LOOK_MS / 2)
  }

  handle(
    work: (tx: Tx, input: unknown, ctx: CommandContext) => unknown,
    options: ConsumeOptions = {},
  ): Consumer {
    const { store, group } = this.#parts
    return this.#event.consume(
      group,
      (tx, payload, ctx) => {
        const { transaction, branch, op, input, result } = payload as Envelope
        return once(store.barrier, tx, { ...transaction, branch, op, result }, (ended) => {
          const more = { transaction: transaction.id, branch, op, result: ended }
          return work(tx, input, { ...ctx, ...more })
        })
      },
      options,
    )
  }

  async #reply(id: string): Promise<ReceiptRow | undefined> {
    const found = await this.#parts.store.outbox.receipts(this.name, id)
    return found.find(({ group }) => group === this.#parts.group)
  }
}

/** One command is one message, however often it is asked for; a refused one may get another. */
function idOf({ id, gid = id, branch, op, round = 0 }: ParticipantRequest): string {
  const name = `${gid}/${branch}/${op}${round > 0 ? `/${round}` : ''}`
  return name.length <= ID_CHARS_MAX ? name : hashOf(Buffer.from(name))
}

function answerOf({ outcome, body }: ReceiptRow): unknown {
  const { result, code, message, data } = JSON.parse(body)
  if (outcome === 'failed') throw fail(code, message, data)
  return result
}
