import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Command, Progress, WorkerOptions } from './messages.ts'

const WORKER = join(import.meta.dirname, '../worker.ts')

/** Kept of what a worker wrote to its standard error, characters. */
const TAIL_CHARS = 4_000

/** A worker and what is known of it from outside. */
export class WorkerProcess {
  readonly startedAt = performance.now()
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  #progress: Progress | undefined
  #readyAt: number | undefined
  #tail = ''
  #end: string | undefined

  constructor(options: WorkerOptions) {
    this.#child = spawn(process.execPath, [WORKER, JSON.stringify(options)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child.on('message', (progress: Progress) => {
      this.#readyAt ??= performance.now()
      this.#progress = progress
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL_CHARS)
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

  /** The last it told; undefined until it is ready. */
  get progress(): Progress | undefined {
    return this.#progress
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
  get tail(): string {
    return this.#tail.trim()
  }

  tell(command: Command): void {
    if (this.#child.connected) this.#child.send(command, () => {})
  }

  /** `kill -9`; resolves when it is gone. True when that is what ended it. */
  async kill(): Promise<boolean> {
    if (this.#end !== undefined) return false
    const sent = this.#child.kill('SIGKILL')
    await this.ended
    return sent && this.#end === 'SIGKILL'
  }
}
