import { type Clock, sleep } from '@hufu/os'
import type { Participant, ParticipantRequest } from 'hufu'
import type { Gate, Surroundings } from './gate.ts'
import { never } from './host.ts'

/** Whom a call goes to. */
export interface Target {
  readonly down: boolean
}

/** A second copy of a request comes so much later at most, ms. */
const LATE_MS = 12_000

/** Told of each call that a coordinator makes. */
export type OnCall = (gate: Gate, request: ParticipantRequest) => void

/**
 * Between coordinators and participants. Requests and answers are lost or slow, and requests come
 * twice: at once, or much later, whatever was answered.
 */
export class Network {
  /** Requests on their way, late copies included. */
  under = 0
  readonly #around: Surroundings
  readonly #clock: Clock
  readonly #onCall: OnCall

  constructor(around: Surroundings, clock: Clock, onCall: OnCall) {
    this.#around = around
    this.#clock = clock
    this.#onCall = onCall
  }

  /** The participant as a process reaches it. */
  from<P extends Participant>(gate: Gate, target: Target, participant: P): P {
    const call = (request: ParticipantRequest) => this.#call(gate, target, participant, request)
    return { ...participant, kind: 'far', call }
  }

  async #call(gate: Gate, target: Target, { call }: Participant, request: ParticipantRequest) {
    this.#onCall(gate, request)
    const death = gate.dies('call')
    if (death === 'before') {
      gate.die('call')
      return never<unknown>()
    }
    const answer = this.#send(target, call, request)
    if (death !== 'after') return gate.host.heard(answer)
    const die = () => gate.die('call')
    answer.then(die, die)
    return never<unknown>()
  }

  async #send(target: Target, call: Participant['call'], request: ParticipantRequest) {
    const { setting } = this.#around
    if (this.#rolls('request', request, setting.lost / 2)) return never<unknown>()
    const deliver = () => this.#deliver(target, call, request)
    this.under++
    try {
      await this.#travel('there', request)
      let answer = await outcomeOf(deliver())
      if (this.#rolls('twice', request, setting.twice)) answer = await outcomeOf(deliver())
      if (this.#rolls('late', request, setting.late)) this.#later(request, deliver)
      await this.#travel('back', request)
      if (this.#rolls('answer', request, setting.lost / 2)) return never<unknown>()
      if ('value' in answer) return answer.value
      throw answer.error
    } finally {
      this.under--
    }
  }

  #later(request: ParticipantRequest, deliver: () => Promise<unknown>): void {
    this.under++
    const ms = this.#roll('late ms', request) * LATE_MS
    this.#clock.timer(ms, () => {
      const over = () => void this.under--
      deliver().then(over, over)
    })
  }

  async #deliver(target: Target, call: Participant['call'], request: ParticipantRequest) {
    const { id, branch, op, attempt } = request
    this.#around.trace(`${id} ${branch}/${op}#${attempt} comes`)
    if (target.down) throw new Error('nobody is reached')
    // Who made the call may be gone.
    return call({ ...request, signal: new AbortController().signal })
  }

  async #travel(way: string, request: ParticipantRequest): Promise<void> {
    const { setting } = this.#around
    if (!this.#rolls(`slow ${way}`, request, setting.slow)) return
    await sleep(this.#clock, this.#roll(`ms ${way}`, request) * setting.slowMs)
  }

  #rolls(what: string, request: ParticipantRequest, chance: number): boolean {
    return !this.#around.healed() && this.#roll(what, request) < chance
  }

  #roll(what: string, { id, branch, op, attempt }: ParticipantRequest): number {
    return this.#around.dice.of(what, id, branch, op, attempt)
  }
}

type Answer = { readonly value: unknown } | { readonly error: unknown }

function outcomeOf(call: Promise<unknown>): Promise<Answer> {
  return call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}
