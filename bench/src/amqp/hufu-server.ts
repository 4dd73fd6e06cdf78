import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { endsWithUs } from '../../../tools/services/leftovers.ts'
import { freePorts } from '../../../tools/services/ports.ts'
import { accepts } from './accepts.ts'

const READY_MS = 30_000
const STOP_MS = 30_000
const LOOK_MS = 5

/** `hufu serve` on a folder of its own. */
export class HufuServer {
  readonly port: number
  readonly #command: string
  readonly #folder: string
  readonly #nodeArgs: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, given: HufuStart) {
    this.port = port
    this.#command = given.command
    this.#folder = given.folder
    this.#nodeArgs = given.nodeArgs ?? []
  }

  static async start(given: HufuStart): Promise<HufuServer> {
    const server = new HufuServer(await freePorts(), given)
    await server.restart()
    return server
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}/%2F`
  }

  get pid(): number {
    return this.#process!.pid!
  }

  /** Resolves as soon as it accepts; it must have ended. */
  async restart(): Promise<void> {
    const address = ['--amqp', `127.0.0.1:${this.port}`]
    const args = [this.#command, 'serve', '--data', join(this.#folder, 'data'), ...address]
    const log = join(this.#folder, 'log')
    const file = openSync(log, 'a')
    const stdio = ['ignore', file, file] as const
    this.#process = spawn(process.execPath, [...this.#nodeArgs, ...args], { stdio: [...stdio] })
    endsWithUs(this.#process)
    closeSync(file)
    const until = performance.now() + READY_MS
    while (!(await accepts(this.url))) {
      if (this.#process.exitCode !== null || performance.now() > until) {
        throw new Error(`hufu serve does not start: ${readFileSync(log, 'utf8').slice(-2_000)}`)
      }
      await passed(LOOK_MS)
    }
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process!
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    await ended
    clearTimeout(timer)
  }
}

export interface HufuStart {
  readonly command: string
  /** Empty, or of a former life. */
  readonly folder: string
  readonly nodeArgs?: readonly string[]
}
