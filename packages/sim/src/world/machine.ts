import { type Broker, BrokerError } from '@hufu/broker'
import { type DiskCall, type SimulatedOs, simulatedOs } from '@hufu/os/simulated'
import { type EmbeddedTransport, embedded } from 'hufu/transports/embedded'
import type { DeathAt, DiskCode, End, Plan } from '../plan/step.ts'
import { DiskWatch } from './disk-watch.ts'
import type { Findings } from './findings.ts'
import type { Marks } from './marks.ts'

const DIR = '/data/broker'
/** More events than any world takes: it runs in circles. */
const EVENTS_MAX = 300_000
/** Longest wait for one thing, virtual ms. */
const PATIENCE_MS = 60_000
/** A start that fails for another reason than a planned fault fails for good. */
const STARTS_MAX = 20

/** Of a full disk, of answers that failed as told, and of a transaction asked for in vain. */
const EXPECTED_WARNING =
  /no room|^Asking back for .*by chance|^Transaction .* is parked|the broker is closed$/

interface PlannedDeath {
  readonly at: DeathAt
  left: number
  readonly end: End
}

/** One simulated machine with the broker's folder on it, and the process that lives on it. */
export class Machine {
  readonly sim: SimulatedOs
  readonly watch: DiskWatch
  life = 0
  uncleanEnds = 0
  /** Orderly stops that were begun. */
  orderlyEnds = 0
  /** Sum of the forward jumps of the wall clock before the last start, ms. */
  jumpedAtStart = 0
  /** The broker has parked a message that the disk did not give back. */
  unread = false
  /** The wall clock has gone back at some time. */
  wentBack = false
  alive = false
  /** Called when the process ends without a word. */
  onCutOff: () => void = () => undefined
  /** Called when an orderly stop has come to its end. */
  onClosed: () => void = () => undefined
  transport!: EmbeddedTransport
  readonly #plan: Plan
  readonly #findings: Findings
  readonly #marks: Marks
  #deaths: PlannedDeath[] = []
  #died = Promise.withResolvers<void>()
  #broker: Broker | undefined
  #faultsAtStart = 0
  /** The disk may be full. */
  capacityLimited = false
  #jumped = 0
  /** The last life that got as far as running was told to stop in good order. */
  #stopBegun = false

  constructor(plan: Plan, findings: Findings, marks: Marks, onTrace?: (line: string) => void) {
    this.#plan = plan
    this.#findings = findings
    this.#marks = marks
    this.sim = simulatedOs({
      seed: plan.seed,
      diskLatencyMs: plan.setting.latencyMs,
      eventsMax: EVENTS_MAX,
      ...(onTrace && { onTrace }),
    })
    this.watch = new DiskWatch(marks)
    const { disk } = this.sim
    disk.failAt((call) => this.#seesCall(call), 'EIO', { once: false })
  }

  /** The broker of this life, also while it closes. */
  get broker(): Broker {
    if (this.#broker === undefined) throw new Error('Cannot use the broker: it is not open')
    return this.#broker
  }

  get elapsed(): number {
    return this.sim.clock.elapsed
  }

  /** Waits for the promise; undefined when the process ended first. */
  async do<T>(promise: Promise<T>): Promise<T | undefined> {
    const { promise: death } = this.#died
    for (;;) {
      const late = Promise.withResolvers<'late'>()
      const timer = this.sim.os.clock.timer(PATIENCE_MS, () => late.resolve('late'))
      const first = await this.sim.settle(Promise.race([promise, death, late.promise]))
      timer.cancel()
      if (first !== 'late' || !this.alive) return this.alive ? promise : undefined
      this.#waited()
    }
  }

  /** What waits for room on the disk gets it; nothing else may wait for ever. */
  #waited(): void {
    if (!this.capacityLimited) throw new Error(`it waits for more than ${PATIENCE_MS} ms`)
    this.sim.disk.capacityBytes = 2 ** 40
    this.capacityLimited = false
  }

  /** Starts the process as often as it takes. */
  async start(): Promise<void> {
    for (let starts = 0; starts < STARTS_MAX && this.#findings.first === undefined; starts++) {
      if (await this.#startOnce()) return
    }
    this.#findings.check(this.alive, 'the broker starts again', () => `${STARTS_MAX} starts failed`)
  }

  /** Ends the process as told. */
  async end(end: End): Promise<void> {
    if (end.kind !== 'close') return this.die(end)
    this.orderlyEnds++
    this.#stopBegun = true
    const closed = this.transport.close().catch(() => undefined)
    await this.do(closed)
    if (!this.alive) return
    this.onClosed()
    this.#endProcess()
    this.sim.kill()
  }

  /** The process ends here and now. */
  die(end: End): void {
    if (!this.alive) return
    this.#endProcess()
    this.uncleanEnds++
    if (end.kind === 'crash') this.sim.crash({ keep: end.keep })
    else this.sim.kill()
    this.#marks.add(end.kind === 'crash' ? 'powerCut' : 'kill')
    this.onCutOff()
  }

  planDeath(at: DeathAt, end: End): void {
    this.#deaths.push({ at, left: 'calls' in at ? at.calls : at.deliveries, end })
  }

  /** A consumer was handed a message. */
  delivered(): void {
    this.#count((at) => 'deliveries' in at)
  }

  failNth(kind: DiskCall['kind'], nth: number, code: DiskCode): void {
    let left = nth
    const picks = (call: DiskCall) => {
      if (call.kind !== kind || --left > 0) return false
      if (code === 'ENOSPC' && !this.watch.mayLackRoom(call)) return false
      this.watch.faults++
      undo()
      return true
    }
    const undo = this.sim.disk.failAt(picks, code, { once: false })
    this.#undoings.push(undo)
  }
  #undoings: (() => void)[] = []

  limitSpace(spareBytes: number): void {
    const { disk } = this.sim
    disk.capacityBytes = disk.usedBytes + spareBytes
    this.capacityLimited = true
  }

  jump(ms: number): void {
    this.sim.clock.jump(ms)
    if (ms > 0) this.#jumped += ms
    if (ms < 0) this.wentBack = true
    this.#marks.add('clockJump')
  }

  /** No more faults from here on. */
  heal(): void {
    for (const undo of this.#undoings) undo()
    this.#deaths = []
    this.sim.disk.capacityBytes = 2 ** 40
    this.capacityLimited = false
  }

  async #startOnce(): Promise<boolean> {
    this.life++
    this.alive = true
    this.#died = Promise.withResolvers()
    this.#faultsAtStart = this.watch.faults
    this.watch.starting()
    this.jumpedAtStart = this.#jumped
    const { limits } = this.#plan.setting
    const { life } = this
    this.transport = embedded({
      dir: DIR,
      os: this.sim.os,
      limits,
      onWarning: (text) => this.#warned(life, text),
      onFatal: (error) => this.#fatal(life, error),
    })
    try {
      await this.do(this.transport.open())
    } catch (error) {
      this.#startFailed(error)
      return false
    }
    if (!this.alive) {
      this.#marks.add('crashInRecovery')
      return false
    }
    this.#started()
    return true
  }

  #startFailed(error: unknown): void {
    const expected = error instanceof BrokerError && (this.faulty || this.capacityLimited)
    if (!expected) this.#findings.report('the broker starts again', String(error))
    this.#marks.add('startFailed')
    // A start that lacks room succeeds when there is some again.
    if (!this.faulty && this.capacityLimited) this.sim.disk.capacityBytes += 64 * 1024
    this.die({ kind: 'kill' })
  }

  #started(): void {
    this.watch.started()
    this.#broker = this.transport.broker
    const { cleanStop, tailBytesCut, damaged } = this.broker.report
    this.sim.trace.add(`started life ${this.life}: ${JSON.stringify(this.broker.report)}`)
    if (cleanStop) this.#marks.add('cleanStop')
    const clean = !cleanStop || this.#stopBegun
    this.#findings.check(clean, 'only an orderly stop is clean', () => `life ${this.life}`)
    this.#stopBegun = false
    if (tailBytesCut > 0) this.#marks.add('tornTail')
    const rotten = () => JSON.stringify(damaged)
    this.#findings.check(damaged.length === 0, 'a crash damages nothing inside the log', rotten)
  }

  #endProcess(): void {
    this.alive = false
    this.#died.resolve()
  }

  /** A planned fault has struck in this life. */
  get faulty(): boolean {
    return this.watch.faults > this.#faultsAtStart
  }

  #fatal(life: number, error: Error): void {
    if (life !== this.life || !this.alive) return
    const detail = () => error.message
    this.#findings.check(this.faulty, 'the log fails only when the disk does', detail)
    this.#marks.add('logFailed')
    this.die({ kind: 'kill' })
  }

  #warned(life: number, text: string): void {
    if (life !== this.life || !this.alive) return
    this.sim.trace.add(`warning: ${text}`)
    if (/cannot be read/.test(text)) this.unread = true
    const known = this.faulty || EXPECTED_WARNING.test(text)
    this.#findings.check(known, 'the broker has nothing to warn of', () => text)
  }

  /** Every disk call passes here before it happens; true lets it fail. */
  #seesCall(call: DiskCall): boolean {
    this.watch.sees(call)
    this.#count((at) => 'calls' in at && (at.of ?? call.kind) === call.kind)
    return false
  }

  #count(isOf: (at: DeathAt) => boolean): void {
    for (const death of this.#deaths) {
      if (!isOf(death.at) || !this.alive || --death.left > 0) continue
      this.#deaths = this.#deaths.filter((other) => other !== death)
      this.die(death.end)
    }
  }
}
