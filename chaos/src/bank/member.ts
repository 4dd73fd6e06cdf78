import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../run/cleanup.ts'

const READY_MS = 60_000
const TAIL_CHARS = 4_000

interface MemberParts {
  readonly name: string
  /** Path of its program. */
  readonly program: string
  readonly cleanup: Cleanup
  /** A word that it says besides `ready`. */
  readonly onWord: (word: string) => void
  /** It ended by itself. */
  readonly onEnd: (problem: string) => void
}

/** One of the processes of the run, over all its lives. */
export class Member {
  readonly name: string
  /** It can be called; undefined while it is down. */
  port: number | undefined
  paused = false
  /** The end of what it wrote to standard error, in all its lives. */
  tail = ''
  readonly #parts: MemberParts
  #child: ChildProcess | undefined

  constructor(parts: MemberParts) {
    this.name = parts.name
    this.#parts = parts
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Resolves when it can be called; `options` are for its program. */
  async start(options: object): Promise<void> {
    const { program, cleanup } = this.#parts
    const child = spawn(process.execPath, [program, JSON.stringify(options)])
    this.#child = child
    const undo = cleanup.add(() => void child.kill('SIGKILL'))
    child.stdin.on('error', () => undefined)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.tail = (this.tail + text).slice(-TAIL_CHARS)
    })
    const ended = new Promise<void>((resolve) => {
      child.on('close', (code, signal) => {
        undo()
        this.#ended(child, signal ?? code)
        resolve()
      })
    })
    const ready = Promise.withResolvers<void>()
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [word = '', value] = line.split(' ')
      if (word !== 'ready') return this.#parts.onWord(line)
      this.port = Number(value)
      ready.resolve()
    })
    const late = new AbortController()
    const patience = sleep(READY_MS, undefined, { signal: late.signal }).catch(() => undefined)
    await Promise.race([ready.promise, ended, patience])
    late.abort()
    if (this.port !== undefined || this.#child !== child) return
    this.#parts.onEnd(`${this.name} was not ready within ${READY_MS / 1_000} s`)
  }

  /** `kill -9`; resolves when it has ended. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#child = undefined
    this.port = undefined
    this.paused = false
    const closed = new Promise((resolve) => child.on('close', resolve))
    child.kill('SIGKILL')
    await closed
  }

  /** Stops it as it stands, and has it go on after `ms`. */
  async pause(ms: number): Promise<void> {
    const child = this.#child
    this.paused = true
    child?.kill('SIGSTOP')
    await sleep(ms)
    child?.kill('SIGCONT')
    this.paused = false
  }

  #ended(child: ChildProcess, how: number | string | null): void {
    if (this.#child !== child) return
    this.#child = undefined
    this.port = undefined
    this.#parts.onEnd(`${this.name} ended by itself with ${how}: ${this.tail.trim()}`)
  }
}
