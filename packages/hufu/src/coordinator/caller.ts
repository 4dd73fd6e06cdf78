import { AsyncLocalStorage } from 'node:async_hooks'
import { messageOf } from '../errors.ts'
import type { Call, Event } from '../kinds/kind.ts'
import type { Runtime } from '../service/runtime.ts'
import { copyOf, gidOf, keepable, nameOfCall, perform } from './call.ts'
import type { Running } from './running.ts'

/** What can happen, without time and chance: the coordinator adds them. */
export type Happening = Event extends infer E
  ? E extends Event
    ? Omit<E, 'at' | 'random'>
    : never
  : never

/** Makes the calls that are decided and stored, so many at a time, and tells what came of them. */
export class Caller<Tx, Foreign> {
  /** Calls of participants that have begun and not ended. */
  underWay = 0
  readonly #runtime: Runtime<Tx, Foreign>
  readonly #callsMax: number
  readonly #tell: (running: Running, happening: Happening) => void
  /** Participants must not find themselves inside whatever happened to begin their transaction. */
  readonly #outside = AsyncLocalStorage.snapshot()
  /** Those that wait for the end of others. */
  readonly #queue: (() => void)[] = []

  constructor(
    runtime: Runtime<Tx, Foreign>,
    callsMax: number,
    tell: (running: Running, happening: Happening) => void,
  ) {
    this.#runtime = runtime
    this.#callsMax = callsMax
    this.#tell = tell
  }

  /** At once, or when one of those under way has ended. */
  call(running: Running, call: Call): void {
    const abort = new AbortController()
    running.open.set(nameOfCall(call), abort)
    const begin = () => this.#outside(() => void this.#call(running, call, abort))
    if (this.underWay < this.#callsMax) begin()
    else this.#queue.push(begin)
  }

  /** The check-back of a two-phase message. */
  ask(running: Running): void {
    this.#outside(() => void this.#ask(running))
  }

  async #call(running: Running, call: Call, abort: AbortController): Promise<void> {
    if (running.over) return this.#queue.shift()?.()
    this.underWay++
    const outcome = await this.#outcome(running, call, abort)
    this.underWay--
    this.#queue.shift()?.()
    const name = nameOfCall(call)
    if (running.open.get(name) === abort) running.open.delete(name)
    const { branch, op, attempt } = call
    const kept = keepable(outcome, this.#runtime.limits.payloadBytesMax)
    this.#tell(running, { ...kept, branch, op, attempt })
  }

  #outcome(running: Running, call: Call, abort: AbortController) {
    const { branch, op, attempt, round } = call
    const { definition, row, headers } = running
    const participant = definition.participant(branch, op)
    const results = copyOf(running.results())
    return perform(
      this.#runtime.os.clock,
      async (request) => participant.call({ ...request, input: await running.input() }),
      {
        ...{ id: row.id, gid: gidOf(this.#runtime.service, row.id), headers },
        ...{ kind: row.kind, name: row.name, branch, op, attempt },
        ...(round !== undefined && { round }),
        ...{ results, result: results[branch], refusalLasts: definition.refusalLasts(branch, op) },
      },
      definition.timeoutMs(branch, op),
      abort,
    )
  }

  async #ask(running: Running): Promise<void> {
    const { definition, id } = running
    try {
      const word = await definition.fence!(id, 'rolledBack')
      if (word === 'committed') this.#tell(running, { type: 'submitted' })
      else this.#tell(running, { type: 'aborted', detail: 'the local transaction is not there' })
    } catch (error) {
      this.#tell(running, { type: 'undecided', detail: messageOf(error) })
    }
  }
}
