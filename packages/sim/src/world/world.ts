import { DirectWorkload } from '../direct/workload.ts'
import { Dice } from '../plan/dice.ts'
import { type End, type Numbered, type Plan, type Step, stepText } from '../plan/step.ts'
import { ServiceWorkload } from '../services/workload.ts'
import { Findings, type Violation } from './findings.ts'
import { Machine } from './machine.ts'
import { Marks } from './marks.ts'
import { hasStraggler } from './straggler.ts'

/** After the faults have stopped everything must be through within so much virtual time, ms. */
const DRAIN_MS_MAX = 120_000
/** Looked at so often whether it is, ms. */
const DRAIN_LOOK_MS = 40
/** Share of the starts after which all contents are compared. */
const CHECKED_STARTS = 0.3

/** Steps that need no living process. */
const OUTSIDE: ReadonlySet<Step['kind']> = new Set(['capacity', 'dropCache', 'jump'])

export interface Outcome {
  readonly violation: Violation | undefined
  readonly marks: Marks
  /** Hash of all that happened. */
  readonly hash: string
}

/** Runs a plan: first with its faults, then without any until everything has drained. */
export async function runWorld(plan: Plan, onTrace?: (line: string) => void): Promise<Outcome> {
  const world = new World(plan, onTrace)
  const failed = (error: unknown) => {
    world.findings.report('the world runs to its end', String((error as Error)?.stack ?? error))
  }
  process.on('unhandledRejection', failed)
  try {
    await world.run()
  } catch (error) {
    failed(error)
  } finally {
    process.off('unhandledRejection', failed)
  }
  const { findings, marks, machine } = world
  return { violation: findings.first, marks, hash: machine.sim.trace.hash }
}

class World {
  readonly findings = new Findings()
  readonly marks = new Marks()
  readonly machine: Machine
  readonly #plan: Plan
  readonly #dice: Dice
  readonly #direct: DirectWorkload
  readonly #services: ServiceWorkload | undefined

  constructor(plan: Plan, onTrace?: (line: string) => void) {
    this.#plan = plan
    this.#dice = new Dice(plan.seed)
    const { findings, marks } = this
    this.machine = new Machine(plan, findings, marks, onTrace)
    this.#direct = new DirectWorkload(this.machine, plan.setting, this.#dice, findings, marks)
    const { services } = plan.setting
    if (services !== undefined) {
      const setting = { ...plan.setting, services }
      this.#services = new ServiceWorkload(this.machine, setting, this.#dice, findings, marks)
    }
    this.machine.onClosed = () => this.#direct.publishers.closed()
    this.machine.onCutOff = () => {
      this.#direct.cutOff()
      this.#services?.clientsGone()
      this.#services?.check()
    }
  }

  get #over(): boolean {
    return this.findings.first !== undefined
  }

  async run(): Promise<void> {
    for (const numbered of this.#plan.steps) {
      if (!OUTSIDE.has(numbered.step.kind)) await this.#live()
      if (this.#over) return
      await this.#perform(numbered)
      if (this.#over) return
    }
    await this.#drain()
  }

  /** Sees to it that the process runs. */
  async #live(): Promise<void> {
    while (!this.machine.alive && !this.#over) {
      await this.machine.start()
      if (this.#over || !this.machine.alive) return
      await this.#direct.begin()
      if (this.machine.alive && this.#dice.of('check', this.machine.life) < CHECKED_STARTS) {
        await this.#direct.check()
      }
      if (this.machine.alive) await this.#direct.backups.look()
      if (this.machine.alive) await this.#services?.begin()
    }
  }

  async #perform(numbered: Numbered): Promise<void> {
    const { step, number } = numbered
    this.machine.sim.trace.add(`step ${stepText(numbered)}`)
    switch (step.kind) {
      case 'publish':
        return this.#direct.publish(step, number)
      case 'subscribe':
        return this.#direct.subscribe(step)
      case 'pull':
        return this.#direct.pull(step)
      case 'purge':
        return this.#direct.purge(step.queue)
      case 'unsubscribe':
        return this.#direct.unsubscribe(step.queue)
      case 'resolve':
        return this.#direct.resolve(step)
      case 'publishBatch':
        return this.#direct.publishers.run(step, number)
      case 'put':
        return this.#direct.records.run(step, number)
      case 'publishRouted':
        return this.#direct.publishers.runRouted(step, number)
      case 'change':
        return this.#direct.changes.run(step, number)
      case 'backup':
        return this.#direct.backups.begin(number)
      case 'batch':
        return this.#direct.batches.run(step, number)
      case 'half':
        return this.#direct.halves.run(step, number)
      case 'producer':
        return this.#direct.halves.producer(step.here)
      case 'order':
        return this.#services?.place(step)
      case 'restart':
        return this.#services?.restart(step.service, step.drainMs)
      case 'pass':
        return this.machine.sim.runFor(step.ms)
      default:
        return this.#disturb(step)
    }
  }

  #disturb(step: Step): Promise<void> | void {
    const { machine } = this
    switch (step.kind) {
      case 'end':
        return this.#end(step.end)
      case 'death':
        return machine.planDeath(step.at, step.end)
      case 'diskError':
        return machine.failNth(step.call, step.nth, step.code)
      case 'capacity':
        return machine.limitSpace(step.spareBytes)
      case 'dropCache':
        machine.sim.disk.dropCache()
        return this.marks.add('cacheDropped')
      case 'jump':
        return machine.jump(step.ms)
    }
  }

  /** The faults stop: what was promised is there, and all of it comes through. */
  async #drain(): Promise<void> {
    const { machine } = this
    machine.heal()
    if (this.#services) this.#services.healed = true
    if (machine.alive) await this.#end(this.#lastEnd())
    await this.#live()
    if (this.#over) return
    if (this.#services === undefined) await this.#direct.check()
    if (hasStraggler(machine.sim.disk)) this.marks.add('stragglerCopy')
    this.#direct.beginDrain()
    const until = machine.elapsed + DRAIN_MS_MAX
    while (!(await this.#drained()) && machine.elapsed < until && !this.#over) {
      await machine.sim.runFor(DRAIN_LOOK_MS)
    }
    if (this.#over) return
    const left = () => JSON.stringify(machine.broker.queues())
    this.findings.check(machine.elapsed < until, 'without faults everything drains', left)
    this.#direct.halves.finish()
    await this.#direct.check()
    this.#services?.checkClosed()
  }

  async #drained(): Promise<boolean> {
    const direct = await this.#direct.drained()
    return direct && (this.#services === undefined || (await this.#services.drained()))
  }

  async #end(end: End): Promise<void> {
    if (end.kind === 'close') {
      await this.#services?.stop()
      this.#direct.closing()
    }
    await this.machine.end(end)
  }

  #lastEnd(): End {
    const roll = this.#dice.of('last end')
    if (roll < 0.25) return { kind: 'close' }
    if (roll < 0.5) return { kind: 'kill' }
    return { kind: 'crash', keep: roll < 0.75 ? 'none' : 'some' }
  }
}
