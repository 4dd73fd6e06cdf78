import type { CheckAnswer, PreparedHandle, PreparedInfo } from '@hufu/broker'
import type { Dice } from '../plan/dice.ts'
import type { Step } from '../plan/step.ts'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import { Askings } from './askings.ts'
import type { Sender } from './consumer.ts'
import type { Group } from './copy.ts'

type HalfStep = Extract<Step, { kind: 'half' }>
type Word = 'commit' | 'rollback'

/** A transaction whose messages were prepared. */
interface Half {
  readonly group: Group
  readonly step: HalfStep
  /** What became of the producer's own transaction; every word that is said agrees with it. */
  readonly truth: Word
  readonly life: number
  readonly firstAskAt: number
  readonly askings: Askings
  /** Set when the broker has confirmed it. */
  handle: PreparedHandle | undefined
  decided: boolean
}

/** Whose producers are asked. */
const GROUP = 'producers'

/** Half messages: prepared, decided, asked for. */
export class HalfWorkload {
  readonly #machine: Machine
  readonly #direct: Sender
  readonly #dice: Dice
  readonly #findings: Findings
  readonly #marks: Marks
  readonly #halves = new Map<string, Half>()
  #producers: { close(): void }[] = []

  constructor(machine: Machine, direct: Sender, dice: Dice, findings: Findings, marks: Marks) {
    this.#machine = machine
    this.#direct = direct
    this.#dice = dice
    this.#findings = findings
    this.#marks = marks
  }

  /** The process has ended, or is about to. */
  left(): void {
    this.#producers = []
    for (const { askings } of this.#halves.values()) askings.producerLeft(this.#machine.elapsed)
  }

  run(step: HalfStep, number: number): void {
    const { broker, life, elapsed } = this.#machine
    const transactionId = `h${number}`
    const group: Group = { name: transactionId, sents: [], settles: [], commit: 'no' }
    const messages = step.messages.map((message, at) => {
      return this.#direct.message(message, `${transactionId}.${at}`, group).request
    })
    const firstAskAt = elapsed + step.check.firstMs
    const known = { group, step, truth: step.truth, life, firstAskAt, askings: new Askings() }
    const half: Half = { ...known, handle: undefined, decided: false }
    this.#halves.set(transactionId, half)
    broker.prepare({ transactionId, group: GROUP, messages, check: step.check }).then(
      (handle) => this.#prepared(half, handle),
      (error) => {
        const unknown = this.#direct.expected('prepare', error) === 'LOG_FAILED'
        this.#direct.model.notCommitted(group, unknown)
      },
    )
  }

  producer(here: boolean): void {
    if (here) {
      const { broker, life } = this.#machine
      this.#producers.push(broker.answerChecks(GROUP, (info) => this.#asked(info, life)))
      return
    }
    for (const producer of this.#producers) producer.close()
    this.left()
  }

  /** True when nothing is undecided; a person decides what was asked for in vain. */
  drained(): boolean {
    const { broker } = this.#machine
    const open = broker.prepared({ group: GROUP, limit: 1_000 })
    for (const info of open) {
      const half = this.#halves.get(info.transactionId)
      this.#findings.check(half !== undefined, 'nothing is invented', () => info.transactionId)
      if (half === undefined) continue
      this.#checkAskings(half, info)
      if (!info.parked) continue
      this.#marks.add('transactionParked')
      this.#decide(half, info, half.truth)
    }
    return open.length === 0
  }

  /** What was prepared and is not open any more was shown, if that was the word. */
  finish(): void {
    for (const { handle, truth, group } of this.#halves.values()) {
      if (handle !== undefined && truth === 'commit') this.#direct.model.committed(group)
    }
  }

  #prepared(half: Half, handle: PreparedHandle): void {
    half.handle = handle
    const { wordMs } = half.step
    if (wordMs === undefined || !this.#machine.alive) return
    this.#machine.sim.os.clock.timer(wordMs, () => this.#decide(half, handle, half.truth))
  }

  #decide(half: Half, handle: PreparedHandle, word: Word): void {
    const { group, truth } = half
    if (word === 'commit') group.commit = group.commit === 'no' ? 'asked' : group.commit
    const { transactionId, version } = handle
    this.#machine.broker.decide({ transactionId, version }, word).then(
      ({ outcome }) => {
        const what = () => `${transactionId}: ${outcome}, not ${truth}`
        this.#findings.check(outcome === truth, 'a decision stands', what)
        const first = !half.decided
        this.#decided(half)
        // The other word comes too late.
        if (first && this.#dice.of('again', transactionId) < 0.3 && this.#machine.alive) {
          this.#decide(half, handle, truth === 'commit' ? 'rollback' : 'commit')
        }
      },
      (error) => this.#direct.expected('decide', error),
    )
  }

  #decided(half: Half): void {
    half.decided = true
    if (half.truth === 'commit') this.#direct.model.committed(half.group)
    else this.#direct.model.notCommitted(half.group, false)
  }

  #asked(info: PreparedInfo, life: number): Promise<CheckAnswer> {
    const half = this.#halves.get(info.transactionId)
    const { elapsed } = this.#machine
    this.#machine.sim.trace.add(`asked for ${info.transactionId} ${info.checks}`)
    this.#findings.check(half !== undefined, 'nothing is invented', () => info.transactionId)
    if (half === undefined) return Promise.resolve('unknown')
    const what = () => `${info.transactionId} ${JSON.stringify(info)}`
    this.#findings.check(!half.decided, 'nobody is asked for what is decided', what)
    const early = half.life === life && elapsed < half.firstAskAt
    this.#findings.check(!early, 'nobody is asked too early', what)
    this.#checkAskings(half, info)
    if (half.life < life) this.#marks.add('askedAfterRestart')
    return this.#answer(half, info)
  }

  #answer({ askings, truth, group }: Half, { transactionId }: PreparedInfo): Promise<CheckAnswer> {
    const { elapsed } = this.#machine
    const roll = this.#dice.of('answer', transactionId, askings.count)
    askings.count++
    if (this.#direct.healed || roll < 0.5) {
      if (truth === 'commit' && group.commit === 'no') group.commit = 'asked'
      return Promise.resolve(truth)
    }
    if (roll < 0.75) {
      askings.inVain++
      return Promise.resolve('unknown')
    }
    if (roll < 0.85) {
      askings.inVain++
      return Promise.reject(new Error('by chance'))
    }
    askings.unanswered.push(elapsed)
    return new Promise(() => undefined)
  }

  /** An asking counts only when a producer was there and did not know. */
  #checkAskings({ askings, step }: Half, info: PreparedInfo): void {
    const real = askings.real(this.#machine.elapsed)
    const what = () => `${info.transactionId}: ${info.checks} counted, ${real} real`
    this.#findings.check(info.checks <= real, 'only real askings count', what)
    const enough = !info.parked || info.checks >= step.check.max
    this.#findings.check(enough, 'nothing is parked before its last asking', what)
  }
}
