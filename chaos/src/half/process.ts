import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../run/cleanup.ts'
import type { Death } from './plan.ts'

const WORKER = join(import.meta.dirname, 'worker.ts')
const TAIL_CHARS = 4_000

/** What a life is started with, as JSON. */
export interface LifeOptions {
  readonly dir: string
  readonly seed: number
  readonly messages: number
  readonly upTo: number
  readonly at?: Death['at']
  /** Does all that is left and ends by itself. */
  readonly isLast: boolean
}

/** The process as seen from outside. */
export class LifeProcess {
  /** Resolves with its first word, or with its end. */
  readonly ready: Promise<void>
  /** Exit code or signal. */
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  #tail = ''

  constructor(options: LifeOptions, cleanup: Cleanup) {
    this.#child = spawn(process.execPath, [WORKER, JSON.stringify(options)])
    const undo = cleanup.add(() => void this.#child.kill('SIGKILL'))
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL_CHARS)
    })
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        undo()
        resolve(signal ?? code ?? 'unknown')
      })
    })
    const said = new Promise<void>((resolve) => this.#child.stdout!.once('data', () => resolve()))
    this.ready = Promise.race([said, this.ended.then(() => undefined)])
  }

  /** The end of what it wrote to standard error. */
  get tail(): string {
    return this.#tail.trim()
  }

  /** True when it has ended within the time. */
  async endsWithin(ms: number): Promise<boolean> {
    const late = new AbortController()
    const patience = sleep(ms, 'late', { signal: late.signal }).catch(() => 'late')
    const first = await Promise.race([this.ended, patience])
    late.abort()
    return first !== 'late'
  }

  /** `kill -9`; resolves with how it ended, which may have been before. */
  async kill(): Promise<number | string> {
    this.#child.kill('SIGKILL')
    return this.ended
  }
}
