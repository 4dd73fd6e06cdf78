import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import type { Cleanup } from '../run/cleanup.ts'

const HUFU = join(import.meta.dirname, '../../../apps/server/bin/hufu.js')
const READY_MS = 30_000
const LOOK_MS = 5

/** `hufu serve` on one folder, started again after each kill. */
export class Server {
  readonly #dir: string
  readonly #cleanup: Cleanup
  #child: ChildProcess | undefined
  #undo: () => void = () => undefined
  #port = 0
  /** The end of what it said. */
  #said = ''

  constructor(dir: string, cleanup: Cleanup) {
    this.#dir = dir
    this.#cleanup = cleanup
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    const ready = join(this.#dir, 'ready.json')
    rmSync(ready, { force: true })
    const data = ['--data', join(this.#dir, 'data'), '--ready-file', ready]
    const args = [HUFU, 'serve', ...data, '--amqp', '127.0.0.1:0']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    this.#undo = this.#cleanup.add(() => void child.kill('SIGKILL'))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4_000)
    })
    await this.#untilReady(child, ready)
    const { amqp } = JSON.parse(readFileSync(ready, 'utf8')) as { amqp: string[] }
    this.#port = Number(amqp[0]!.split(':').at(-1))
  }

  /** Resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child!
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    this.#undo()
  }

  async #untilReady(child: ChildProcess, ready: string): Promise<void> {
    const until = performance.now() + READY_MS
    while (!existsSync(ready)) {
      if (child.exitCode !== null) throw new Error(`Starting hufu serve: it ended: ${this.#said}`)
      if (performance.now() > until)
        throw new Error(`Starting hufu serve: not ready: ${this.#said}`)
      await passed(LOOK_MS)
    }
  }
}
