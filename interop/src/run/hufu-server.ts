import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const BIN = join(import.meta.dirname, '../../../apps/server/bin/hufu.js')
const READY_MS = 30_000

/** `hufu serve` in a process of its own, in a folder that goes away with it. */
export class HufuServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'hufu-interop-'))
  #child: ChildProcess | undefined
  #log = ''
  url = ''

  async start(): Promise<void> {
    const ready = join(this.#folder, 'ready.json')
    const data = join(this.#folder, 'data')
    const address = `127.0.0.1:${this.url ? new URL(this.url).port : 0}`
    const args = ['serve', '--data', data, '--amqp', address, '--ready-file', ready]
    const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stderr.on('data', (chunk: Buffer) => {
      this.#log = `${this.#log}${chunk}`.slice(-64_000)
    })
    child.stdout.resume()
    const end = Date.now() + READY_MS
    while (!existsSync(ready)) {
      if (this.hasEnded || Date.now() > end) throw new Error(`Cannot start Hufu: ${this.#log}`)
      await sleep(20)
    }
    const { amqp } = JSON.parse(readFileSync(ready, 'utf8')) as { amqp: [string] }
    this.url = `amqp://guest:guest@${amqp[0]}/%2F`
  }

  get hasEnded(): boolean {
    return this.#child?.exitCode !== null || this.#child.signalCode !== null
  }

  get log(): string {
    return this.#log
  }

  /** In the ordinary way; on its data and address again. */
  async restart(): Promise<void> {
    await this.#end()
    await this.start()
  }

  async stop(): Promise<void> {
    await this.#end()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    if (!this.#child || this.hasEnded) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), 10_000)
    await closed
    clearTimeout(timer)
  }

  /** For the end of this process. */
  drop(): void {
    this.#child?.kill('SIGKILL')
  }
}
