import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokerPath } from '../services/databases.ts'
import { DemoProcess } from './demo-process.ts'

const HUFU = join(import.meta.dirname, '../../../server/bin/hufu.js')
const END_WITH_PARENT = join(import.meta.dirname, 'end-with-parent.ts')

const POLL_MS = 10

/** `hufu serve` with its data in the run's folder. */
export class BrokerProcess extends DemoProcess {
  readonly #readyFile: string
  #address: string | undefined

  /** `address`: where it listens, `127.0.0.1:0` for a free port. */
  constructor(dir: string, address: string) {
    const readyFile = join(dir, 'broker.ready')
    rmSync(readyFile, { force: true })
    const where = ['--data', brokerPath(dir), '--amqp', address, '--ready-file', readyFile]
    const args = ['--import', END_WITH_PARENT, HUFU, 'serve', ...where, '--log', 'text']
    super({ name: 'broker', dir, args, env: withoutSettings(process.env) })
    this.#readyFile = readyFile
    void this.#watch()
  }

  /** Where it accepts clients; undefined until it does. */
  get address(): string | undefined {
    return this.#address
  }

  override stop(): void {
    this.signal('SIGTERM')
  }

  async #watch(): Promise<void> {
    while (this.end === undefined && this.#address === undefined) {
      this.#address = addressIn(this.#readyFile)
      if (this.#address !== undefined) return this.markReady()
      await sleep(POLL_MS, undefined, { ref: false })
    }
  }
}

function addressIn(readyFile: string): string | undefined {
  try {
    return JSON.parse(readFileSync(readyFile, 'utf8')).amqp[0]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What is set for a server of the user's own is not meant for this one. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HUFU_')))
}
