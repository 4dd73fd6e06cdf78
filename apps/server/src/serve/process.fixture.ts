import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const BIN = join(import.meta.dirname, '../../bin/hufu.js')

/** A line of the log. */
export interface LogLine {
  readonly event: string
  readonly level: string
  readonly [field: string]: unknown
}

/** `hufu serve` in a process of its own. */
export class ServeProcess {
  readonly child: ChildProcess
  out = ''
  /** Standard error as it came. */
  err = ''
  readonly #exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>
  #look: () => void = () => {}

  /** `hufu serve ARGS`. */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, script = BIN) {
    const verb = script === BIN ? ['serve'] : []
    this.child = spawn(process.execPath, [script, ...verb, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exit = once(this.child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.out += chunk
    })
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.err += chunk
      this.#look()
    })
    this.child.on('close', () => this.#look())
  }

  /** Another program that runs the server. */
  static ofScript(script: string, args: readonly string[]): ServeProcess {
    return new ServeProcess(args, {}, script)
  }

  /** Whole lines of the log so far; what is no JSON is left out. */
  get log(): LogLine[] {
    const lines = this.err.split('\n').slice(0, -1)
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  }

  /** The first line of an event; rejects when the process ends without it. */
  async event(name: string): Promise<LogLine> {
    for (;;) {
      const line = this.log.find(({ event }) => event === name)
      if (line) return line
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`Cannot wait for '${name}': the server has ended\n${this.err}`)
      }
      await this.more()
    }
  }

  /** Waits for more of the log, or the end. */
  async more(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#look = resolve
    })
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Exit code, or the signal that ended it; all output is there by then. */
  async ended(): Promise<number | NodeJS.Signals> {
    const [code, signal] = await this.#exit
    return code ?? signal!
  }

  /** Ends it, however it is. */
  async end(): Promise<void> {
    this.kill('SIGKILL')
    await this.#exit
  }
}
