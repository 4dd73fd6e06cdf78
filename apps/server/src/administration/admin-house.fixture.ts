import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import amqplib, { type ChannelModel } from 'amqplib'
import { ServeProcess } from '../serve/process.fixture.ts'

const BIN = join(import.meta.dirname, '../../bin/hufu.js')

/** What a verb has answered. */
export interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** The last line of standard output. */
  // biome-ignore lint/suspicious/noExplicitAny: each verb has its own
  readonly json: any
}

/** A data folder, the server that has it open, and verbs in processes of their own. */
export class AdminHouse {
  readonly dir: string
  server!: ServeProcess
  #address = ''

  constructor(dir: string) {
    this.dir = dir
  }

  async start(): Promise<void> {
    this.server = new ServeProcess(['--data', this.dir, '--amqp', ':0'])
    await this.server.event('ready')
    this.#address = String((await this.server.event('listening')).address)
  }

  async stop(): Promise<void> {
    this.server.kill('SIGTERM')
    await this.server.ended()
  }

  /** A client of amqplib; its own errors are of no interest. */
  async client(user = 'guest', password = 'guest', vhost = '%2F'): Promise<ChannelModel> {
    const client = await amqplib.connect(`amqp://${user}:${password}@${this.#address}/${vhost}`)
    client.on('error', () => undefined)
    return client
  }

  /** `hufu ARGS`, on this folder. */
  begin(args: readonly string[], input = ''): { child: ChildProcess; said: Promise<Said> } {
    const all = [BIN, ...args, '--data', this.dir]
    const child = spawn(process.execPath, all, { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(input)
    return { child, said: saidBy(child) }
  }

  async hufu(...args: string[]): Promise<Said> {
    return this.begin(args).said
  }

  /** With something on standard input. */
  async hufuWith(input: string, ...args: string[]): Promise<Said> {
    return this.begin(args, input).said
  }

  async remove(): Promise<void> {
    await this.server.end()
    rmSync(this.dir, { recursive: true })
  }
}

async function saidBy(child: ChildProcess): Promise<Said> {
  let [out, err] = ['', '']
  child.stdout!.on('data', (chunk: Buffer) => {
    out += chunk
  })
  child.stderr!.on('data', (chunk: Buffer) => {
    err += chunk
  })
  const [code] = (await once(child, 'close')) as [number | null]
  const last = out.trimEnd().split('\n').at(-1) ?? ''
  return { code, out, err, json: last.startsWith('{') ? JSON.parse(last) : undefined }
}

/** A server of a test's own. */
export async function adminHouse(t: TestContext): Promise<AdminHouse> {
  const house = new AdminHouse(mkdtempSync(join(tmpdir(), 'hufu-admin-')))
  await house.start()
  t.after(() => house.remove())
  return house
}
