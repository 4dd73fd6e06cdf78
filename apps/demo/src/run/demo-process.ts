import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Report } from './messages.ts'
import type { ProcessName } from './process-names.ts'

/** Shown of what a process wrote to its standard error, characters. */
const TAIL_CHARS = 4_000

export interface Launch {
  readonly name: ProcessName
  /** Standard error goes to the file `<name>.log` in it, behind that of earlier lives. */
  readonly dir: string
  /** Node's. */
  readonly args: readonly string[]
  /** All of it. */
  readonly env: NodeJS.ProcessEnv
}

/** One life of a process, and what is known of it from outside. */
export class DemoProcess {
  readonly name: ProcessName
  readonly startedAt = performance.now()
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  #report: Report | undefined
  #readyAt: number | undefined
  readonly #log: string
  readonly #logStart: number
  #end: string | undefined

  constructor({ name, dir, args, env }: Launch) {
    this.name = name
    this.#log = join(dir, `${name}.log`)
    const log = openSync(this.#log, 'a')
    this.#logStart = fstatSync(log).size
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', log, 'ipc'], env })
    closeSync(log)
    this.#child.on('message', (report: Report) => {
      this.markReady()
      this.#report = report
    })
    this.ended = new Promise((resolve) => {
      const end = (how: string) => {
        this.#end ??= how
        resolve()
      }
      this.#child.on('close', (code, signal) => end(signal ?? `exit code ${code}`))
      this.#child.on('error', (error) => end(error.message))
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** The last it told; undefined until then. */
  get report(): Report | undefined {
    return this.#report
  }

  get ready(): boolean {
    return this.#readyAt !== undefined
  }

  /** From its start until it was ready, ms. */
  get startMs(): number | undefined {
    return this.#readyAt === undefined ? undefined : this.#readyAt - this.startedAt
  }

  /** How it ended; undefined while it lives. */
  get end(): string | undefined {
    return this.#end
  }

  /** The end of what it wrote to standard error. */
  tail(): string {
    const text = readFileSync(this.#log).subarray(this.#logStart).toString('utf8')
    return text.slice(-TAIL_CHARS).trim()
  }

  tell(command: Command): void {
    if (this.#child.connected) this.#child.send(command, () => {})
  }

  /** Asks it to end in order. */
  stop(): void {
    this.tell('stop')
  }

  /** `kill -9`; resolves when it is gone. True when that is what ended it. */
  async kill(): Promise<boolean> {
    if (this.#end !== undefined) return false
    const sent = this.#child.kill('SIGKILL')
    await this.ended
    return sent && this.#end === 'SIGKILL'
  }

  protected markReady(): void {
    this.#readyAt ??= performance.now()
  }

  protected signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}
