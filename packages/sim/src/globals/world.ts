import type { Os } from '@hufu/os'
import { sleep } from '@hufu/os'
import { type SimulatedOs, simulatedOs } from '@hufu/os/simulated'
import { isHufuError } from 'hufu'
import { Dice } from '../plan/dice.ts'
import { TRANSACTIONS, type TransactionRecord } from '../store/port.ts'
import { Findings, type Violation } from '../world/findings.ts'
import { Bank } from './bank.ts'
import { Closing } from './closing.ts'
import { type Places, payLocally } from './definitions.ts'
import type { Surroundings } from './gate.ts'
import type { GlobalMark } from './marks.ts'
import { Network } from './network.ts'
import { Office } from './office.ts'
import { Oracle } from './oracle.ts'
import { Remote } from './remote.ts'
import {
  type GlobalPlan,
  type GlobalStep,
  globalStepText,
  type NumberedStep,
  type Verb,
} from './step.ts'

/** More events than any world takes: it runs in circles. */
const EVENTS_MAX = 300_000
/** After the faults have stopped everything must have ended within so much virtual time, ms. */
const DRAIN_MS = 60_000
/** Looked at so often whether it has, ms. */
const LOOK_MS = 100

/** A caller's transaction was told to fail. */
class Refused extends Error {}

type Begin = Extract<GlobalStep, { kind: 'begin' }>

export interface GlobalOutcome {
  readonly violation: Violation | undefined
  readonly marks: ReadonlySet<GlobalMark>
  /** Hash of all that happened. */
  readonly hash: string
}

/** Runs a plan: first with its faults, then without any until everything has ended. */
export async function runGlobalWorld(
  plan: GlobalPlan,
  onTrace?: (line: string) => void,
): Promise<GlobalOutcome> {
  const world = new GlobalWorld(plan, onTrace)
  const { findings, marks } = world
  const failed = (error: unknown) => {
    findings.report('the world runs to its end', String((error as Error)?.stack ?? error))
  }
  process.on('unhandledRejection', failed)
  try {
    await world.run()
  } catch (error) {
    failed(error)
  } finally {
    process.off('unhandledRejection', failed)
  }
  return { violation: findings.first, marks, hash: world.sim.trace.hash }
}

class GlobalWorld {
  readonly sim: SimulatedOs
  readonly findings = new Findings()
  readonly marks = new Set<GlobalMark>()
  readonly #plan: GlobalPlan
  readonly #around: Surroundings
  readonly #places: Places
  readonly #oracle: Oracle
  /** The processes of the office; undefined: it is down. */
  readonly #offices: (Office | undefined)[]
  /** Processes that never come back. */
  readonly #gone = new Set<number>()
  #healed = false
  #lives = 0
  #jumped = 0

  constructor(plan: GlobalPlan, onTrace?: (line: string) => void) {
    const { seed, setting } = plan
    this.#plan = plan
    this.sim = simulatedOs({ seed, eventsMax: EVENTS_MAX, ...(onTrace && { onTrace }) })
    this.#around = {
      setting,
      dice: new Dice(seed),
      healed: () => this.#healed,
      mark: (mark) => void this.marks.add(mark),
      trace: (line) => this.sim.trace.add(line),
    }
    const wall = this.sim.clock.now()
    const now = () => Math.floor(wall + this.sim.clock.elapsed)
    const bank = (name: string, time: () => number) =>
      new Bank(name, time, this.#machine.clock, this.#around)
    const office = bank('office', () => now() + this.#jumped)
    this.#oracle = new Oracle(office.database, this.findings, this.#around)
    const network = new Network(this.#around, this.#machine.clock, ({ host }, request) =>
      this.#oracle.called(host, request),
    )
    const remote = new Remote(this.#around)
    this.#places = { office, left: bank('left', now), right: bank('right', now), remote, network }
    this.#offices = new Array(setting.hosts).fill(undefined)
  }

  get #machine(): Os {
    return this.sim.os
  }

  get #over(): boolean {
    return this.findings.first !== undefined
  }

  async run(): Promise<void> {
    for (const { database, store } of this.#banks()) {
      database.onCommit((text, tx) => {
        this.sim.trace.add(text)
        this.#oracle.committed(tx)
      })
      await store.open(this.#machine)
    }
    for (let host = 0; host < this.#offices.length; host++) this.#launch(host)
    await this.sim.runFor(50)
    for (const numbered of this.#plan.steps) {
      if (this.#over) return
      await this.#perform(numbered)
    }
    if (!this.#over) await this.#drain()
  }

  #banks(): Bank[] {
    const { office, left, right } = this.#places
    return [office, left, right]
  }

  /** Starts the process until it runs. */
  #launch(at: number): void {
    const name = `office ${at}, life ${++this.#lives}`
    const office = new Office({
      name,
      machine: this.#machine,
      random: this.sim.random.fork(name),
      places: this.#places,
      around: this.#around,
      oracle: this.#oracle,
    })
    this.#offices[at] = office
    office.host.onDeath(() => this.#relaunch(at, office.downMs))
    office.start().catch((error) => {
      this.#around.trace(`${name} does not start: ${String(error)}`)
      office.host.die()
    })
  }

  /** Another process takes its place after a while. */
  #relaunch(at: number, downMs: number): void {
    this.#machine.clock.timer(downMs, () => {
      if (!this.#gone.has(at) && this.#offices[at]?.host.alive !== true) this.#launch(at)
    })
  }

  async #perform(numbered: NumberedStep): Promise<void> {
    const { step } = numbered
    this.#around.trace(`step ${globalStepText(numbered)}`)
    switch (step.kind) {
      case 'begin':
        return this.#begin(step)
      case 'verb':
        return this.#say(step.host, step.id, step.verb, step.branch)
      case 'pass':
        return this.sim.runFor(step.ms)
      case 'jump':
        this.#jumped += step.ms
        this.#oracle.jumped = true
        this.marks.add('storeClockJump')
        return
      case 'outage':
        return this.#outage(step.bank, step.ms)
      default:
        return this.#disturb(step)
    }
  }

  #disturb(step: Extract<GlobalStep, { kind: 'death' | 'kill' | 'stop' | 'pause' }>): void {
    const office = this.#offices[step.host]
    if (office?.host.alive !== true) return
    const { host, gate, service } = office
    if ('downMs' in step) office.downMs = step.downMs
    if (step.kind === 'pause') {
      host.sleep()
      this.#machine.clock.timer(step.ms, () => host.wake())
    } else if (step.kind === 'death') {
      gate.planDeath(step.at, step.nth, step.when)
    } else if (step.kind === 'kill') host.die()
    else {
      const over = () => host.die()
      service.stop({ drainMs: step.drainMs }).then(over, over)
    }
  }

  #outage(name: 'left' | 'right', ms: number): void {
    const bank = this.#places[name]
    bank.down = true
    this.#machine.clock.timer(ms, () => {
      bank.down = false
    })
  }

  #begin(step: Begin): void {
    const office = this.#offices[step.host]
    if (office?.started !== true || !office.host.alive) return
    if (step.way !== 'start' || !step.fails) this.#oracle.means(step.id)
    this.#beginAt(office, step).catch((error) => {
      const { id } = step
      this.#around.trace(`begin ${id} failed: ${String(error)}`)
      if (isHufuError(error, 'FENCED')) this.marks.add('checkedRolledBack')
    })
  }

  async #beginAt(office: Office, step: Begin): Promise<void> {
    const { id, definition, way, input, holdMs } = step
    const { defined, service, host } = office
    const told = (repeated: boolean) => {
      if (repeated) this.marks.add('repeatedBegin')
      const row = this.#places.office.database.table(TRANSACTIONS).get(id)
      this.findings.check(row !== undefined, 'what was begun is there', () => id)
    }
    if (definition === 'pay') {
      const { sent } = await defined.pay.send(input, { id }, (tx) => this.#pay(office, tx, step))
      return told(sent.repeated)
    }
    const handle = defined[definition]
    if (way === 'begin') return told((await handle.begin(input, { id })).repeated)
    if (way === 'run') {
      const { repeated, status } = await handle.run(input, { id, wait: 500 })
      this.#around.trace(`run ${id}: ${status}`)
      this.#checkTold(id, status)
      return told(repeated)
    }
    const { repeated } = await service.store.transaction(async (tx) => {
      const begun = await handle.start(tx, input, { id })
      await sleep(host.os.clock, holdMs)
      if (step.fails) throw new Refused('as planned')
      return begun
    })
    told(repeated)
  }

  /** An end that a caller was told of is the end. */
  #checkTold(id: string, status: string): void {
    if (status === 'running' || status === 'parked' || status === 'inDoubt') return
    const row = this.#places.office.database.table(TRANSACTIONS).get(id) as TransactionRecord
    const text = () => `${id}: told ${status}, is ${row?.status}`
    this.findings.check(row?.status === status, 'what a caller is told is stored', text)
  }

  async #pay(office: Office, tx: Parameters<ReturnType<typeof payLocally>>[0], step: Begin) {
    const pay = payLocally(this.#places.office)
    const done = await pay(tx, step.input, step.id)
    await sleep(office.host.os.clock, step.holdMs)
    if (step.fails) throw new Refused('as planned')
    return done
  }

  /** A person's word; that it makes no sense is no news. */
  #say(at: number, id: string, verb: Verb, branch: string): void {
    const office = this.#offices[at]
    if (office?.started !== true || !office.host.alive) return
    const why = { reason: 'it is time', by: 'somebody' }
    const { transactions } = office.service
    const say = {
      retry: () => transactions.retry(id, why),
      stop: () => transactions.stop(id, why),
      skip: () => transactions.skip(id, branch, why),
      commit: () => transactions.resolve(id, 'commit', why),
      rollback: () => transactions.resolve(id, 'rollback', why),
    }
    this.#oracle.said(id, verb)
    say[verb]().then(
      () => this.#markWord(verb),
      (error) => this.#around.trace(`${verb} of ${id}: ${String(error)}`),
    )
  }

  #markWord(verb: Verb): void {
    if (verb === 'retry') this.marks.add('retriedByPerson')
    else if (verb === 'stop') this.marks.add('stoppedByPerson')
    else if (verb === 'skip') this.marks.add('skippedByPerson')
    else this.marks.add('resolvedByPerson')
  }

  /** The faults stop; some processes never come back: all comes to its end. */
  async #drain(): Promise<void> {
    this.#healed = true
    this.#places.left.down = false
    this.#places.right.down = false
    const { dice, setting } = this.#around
    for (const [at, office] of this.#offices.entries()) {
      office?.host.wake()
      if (at === 0 || dice.of('gone', at) < 0.7) continue
      this.#gone.add(at)
      office?.host.die()
    }
    const until = this.sim.clock.elapsed + DRAIN_MS + setting.undoAfterMs
    while (!this.#over && this.sim.clock.elapsed < until) {
      this.#revive()
      await this.sim.runFor(LOOK_MS)
      if (this.#ended() && this.#places.network.under === 0) break
    }
    if (this.#over) return
    const text = () =>
      this.#open()
        .map(({ id, status }) => `${id} ${status}`)
        .join()
    this.findings.check(this.#ended(), 'without faults everything ends', text)
    new Closing(this.#places, this.#oracle, this.findings).check()
  }

  /** The first process comes back, and a person has parked work tried again. */
  #revive(): void {
    if (this.#offices[0]?.host.alive !== true) this.#launch(0)
    for (const { id, status } of this.#open()) {
      if (status !== 'running') this.#say(0, id, 'retry', '')
    }
  }

  #open(): TransactionRecord[] {
    const { database } = this.#places.office
    return database.rows<TransactionRecord>(TRANSACTIONS).filter((row) => row.finishedAt === null)
  }

  #ended(): boolean {
    return this.#open().length === 0
  }
}
