import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Cleanup } from './cleanup.ts'
import type { WorkerOptions, WorkerWord } from './words.ts'

const WORKER = join(import.meta.dirname, '../worker/worker.ts')
const TAIL_CHARS = 4_000

/** A worker as seen from outside. */
export class WorkerProcess {
  readonly startedAt = performance.now()
  /** Exit code or signal; resolves when it has ended, however. */
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  readonly #heard = new Set<string>()
  readonly #listeners = new Set<() => void>()
  #tail = ''
  #end: number | string | undefined

  constructor(options: WorkerOptions, cleanup: Cleanup) {
    // One thread: the calls to the disk then have one order, and a tracer's count is exact.
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
    this.#child = spawn(process.execPath, [WORKER, JSON.stringify(options)], { env })
    const undo = cleanup.add(() => void this.#child.kill('SIGKILL'))
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#heard.add(line)
      this.#tell()
    })
    this.#child.stdin!.on('error', () => undefined)
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL_CHARS)
    })
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#end = signal ?? code ?? 'unknown'
        undo()
        this.#tell()
        resolve(this.#end)
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** How it ended; undefined while it lives. */
  get end(): number | string | undefined {
    return this.#end
  }

  /** The end of what it wrote to standard error. */
  get tail(): string {
    return this.#tail.trim()
  }

  say(word: string): void {
    this.#child.stdin!.write(`${word}\n`)
  }

  /** Resolves with true when it has said the word, with false when it has ended or time is up. */
  hears(word: WorkerWord, msMax: number): Promise<boolean> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        this.#listeners.delete(look)
        resolve(this.#heard.has(word))
      }
      const look = () => {
        if (this.#heard.has(word) || this.#end !== undefined) finish()
      }
      const timer = setTimeout(finish, msMax)
      this.#listeners.add(look)
      look()
    })
  }

  /** `kill -9`; resolves with how it ended, which may have been before. */
  async kill(): Promise<number | string> {
    if (this.#end === undefined) this.#child.kill('SIGKILL')
    return this.ended
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}
