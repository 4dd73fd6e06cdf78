import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Running } from '../../../tools/services/service.ts'
import type { Bench } from '../bench.ts'
import { syncMs } from '../disk-speed.ts'
import { rounded } from '../statistics.ts'
import { builtCommand } from './built.ts'
import { CASES, type Case } from './cases.ts'
import { Child } from './child.ts'
import { type Compared, compare, linesOf } from './compare.ts'
import { contendersOf, HUFU, startRabbitmq } from './contender.ts'
import { HufuServer, type HufuStart } from './hufu-server.ts'
import { type AmqpOptions, amqpOptions } from './options.ts'
import { memoryOf, startMs } from './resources.ts'

export const amqpBench: Bench = {
  about: '`hufu serve` beside a RabbitMQ, under a driver of raw frames in a process of its own.',
  flags:
    '[--case GROUP] [--only TEXT] [--peer rabbitmq|none] [--seconds 2] [--rounds 3]\n' +
    '      [--messages 1000000] [--profiles FOLDER] [--dir FOLDER]',
  async run(args, say) {
    const options = amqpOptions(args)
    const folder = mkdtempSync(join(options.dir, 'hufu-bench-'))
    const driver = new Child('driver.ts')
    try {
      const command = await builtCommand(folder)
      return await new Run({ options, folder, driver, command, say }).all()
    } finally {
      await driver.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

interface Parts {
  readonly options: AmqpOptions
  readonly folder: string
  readonly driver: Child
  /** `hufu`, built. */
  readonly command: string
  readonly say: (text: string) => void
}

class Run {
  readonly #parts: Parts
  #servers = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async all() {
    const { options, folder, say } = this.#parts
    const has = (group: string) => options.groups.includes(group)
    const wanted = CASES.filter(({ group, name }) => has(group) && name.includes(options.only))
    const syncsPerSecond = Math.round(1_000 / syncMs(folder))
    say(`${syncsPerSecond} syncs of 4 KiB per second`)
    const cases = wanted.length > 0 ? await this.#compareAll(wanted) : undefined
    return {
      syncsPerSecond,
      ...cases,
      ...(has('start') && { startMs: await this.#starts() }),
      ...(has('memory') && { memory: await this.#memories() }),
    }
  }

  async #compareAll(wanted: readonly Case[]) {
    const rabbitmq = await this.#rabbitmq()
    const profiled = this.#parts.options.profiles !== undefined
    const hufu = profiled ? undefined : await this.#hufu()
    try {
      const cases = []
      for (const each of wanted) cases.push(await this.#compare(each, hufu, rabbitmq))
      const confirms = [HUFU, ...(rabbitmq ? contendersOf(rabbitmq) : [])].map(
        ({ name, confirmMeans }) => [name, confirmMeans] as const,
      )
      const version = rabbitmq && { rabbitmq: rabbitmq.version }
      return { ...version, confirmMeans: Object.fromEntries(confirms), cases }
    } finally {
      await hufu?.stop()
      await rabbitmq?.stop()
    }
  }

  /** Without a running Hufu a new one is taken, so that its profile is of one case. */
  async #compare(wanted: Case, running: HufuServer | undefined, rabbitmq: Running | undefined) {
    const { say } = this.#parts
    const hufu = running ?? (await this.#hufu(this.#profiling(wanted)))
    const compared = await this.#entrantsOn(wanted, hufu, rabbitmq)
    if (running === undefined) await hufu.stop()
    const ceiling = await this.#ceiling(wanted)
    say(`${linesOf(compared)}\n  driver alone ${ceiling}/s`)
    return { ...compared, driverCeiling: ceiling }
  }

  #entrantsOn(wanted: Case, hufu: HufuServer, rabbitmq: Running | undefined): Promise<Compared> {
    const { driver, options } = this.#parts
    const others = rabbitmq ? contendersOf(rabbitmq) : []
    const entrants = [
      { ...HUFU, url: hufu.url, pid: hufu.pid },
      ...others.map((each) => ({ ...each, url: rabbitmq!.url, pid: rabbitmq!.pid })),
    ]
    return compare(wanted, { driver, entrants, ...options })
  }

  /** What the driver does against a process that stores nothing. */
  async #ceiling(wanted: Case): Promise<number> {
    const { driver, options } = this.#parts
    const sink = new Child('sink.ts')
    try {
      const { port } = await sink.ask<{ port: number }>({})
      const url = `amqp://127.0.0.1:${port}/%2F`
      const entrants = [{ ...HUFU, url, pid: sink.pid }]
      const alone: Compared = await compare(wanted, { driver, entrants, ...options, rounds: 1 })
      return alone.scores.hufu!.perSecond
    } finally {
      await sink.end()
    }
  }

  async #starts() {
    const { options, say } = this.#parts
    const hufu = await this.#hufu()
    const rabbitmq = await this.#rabbitmq()
    try {
      const hufuMs = await startMs(hufu, options.rounds)
      const rabbitmqMs = rabbitmq && (await startMs(rabbitmq, options.rounds))
      const ratio = rabbitmqMs && rounded(rabbitmqMs / hufuMs, 1)
      const words = rabbitmq ? `, RabbitMQ ${rabbitmqMs} ms (Hufu ${ratio}×)` : ''
      say(`start to first answer: Hufu ${hufuMs} ms${words}`)
      return { hufu: hufuMs, ...(rabbitmqMs && { rabbitmq: rabbitmqMs, ratio }) }
    } finally {
      await hufu.stop()
      await rabbitmq?.stop()
    }
  }

  /** Each kind of queue on a server of its own: what is deleted does not give its memory back. */
  async #memories() {
    const { options, driver, say } = this.#parts
    const found: Record<string, object> = {}
    const measure = async (server: Running | HufuServer, contender: typeof HUFU) => {
      try {
        const memory = await memoryOf(server, contender, options.messages, driver)
        const { idleMiB, waitingMiB, fillSeconds } = memory
        const words = `idle ${idleMiB} MiB, with ${options.messages} waiting ${waitingMiB} MiB`
        say(`${contender.name.padEnd(10)} ${words}, filled in ${fillSeconds} s`)
        found[contender.name] = memory
      } finally {
        await server.stop()
      }
    }
    await measure(await this.#hufu(), HUFU)
    let rabbitmq = await this.#rabbitmq()
    for (const contender of rabbitmq ? contendersOf(rabbitmq) : []) {
      rabbitmq ??= await this.#rabbitmq()
      if (rabbitmq) await measure(rabbitmq, contender)
      rabbitmq = undefined
    }
    return found
  }

  async #rabbitmq(): Promise<Running | undefined> {
    const { options, say } = this.#parts
    return options.rabbitmq ? startRabbitmq(say) : undefined
  }

  #hufu(nodeArgs: readonly string[] = []): Promise<HufuServer> {
    const folder = join(this.#parts.folder, `hufu-${++this.#servers}`)
    mkdirSync(folder)
    const start: HufuStart = { command: this.#parts.command, folder, nodeArgs }
    return HufuServer.start(start)
  }

  #profiling({ name }: Case): string[] {
    const { profiles } = this.#parts.options
    if (profiles === undefined) return []
    const file = `${name.replaceAll(/[^\w]+/g, '-')}.cpuprofile`
    return ['--cpu-prof', `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${file}`]
  }
}
