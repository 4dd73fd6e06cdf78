import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import amqplib, { type ChannelModel } from 'amqplib'
import type { Measure } from './hostile-server.fixture.ts'

const PROGRAM = join(import.meta.dirname, 'hostile-server.fixture.ts')

/** A broker with an AMQP door in a child process, whose death does not take the test along. */
export class ServerProcess {
  readonly port: number
  readonly #child: ChildProcess

  constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What it did since the last time. */
  async measure(): Promise<Measure> {
    if (!this.alive) throw new Error('Cannot measure the server: its process has ended')
    const controller = new AbortController()
    const { signal } = controller
    const gone = once(this.#child, 'exit', { signal }).then(([code, by]) => {
      throw new Error(`Cannot measure the server: it ended with ${code ?? by}`)
    })
    this.#child.send('measure')
    const [measure] = await Promise.race([once(this.#child, 'message', { signal }), gone])
    gone.catch(() => undefined)
    controller.abort()
    return measure as Measure
  }

  /** A client of amqplib. Its own errors are of no interest. */
  async client(): Promise<ChannelModel> {
    const client = await amqplib.connect(this.url)
    client.on('error', () => undefined)
    return client
  }

  async stop(): Promise<void> {
    if (!this.alive) return
    const exit = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exit
  }
}

/** Starts one in a folder that goes away with the test. */
export async function serverProcess(t: TestContext): Promise<ServerProcess> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-hostile-'))
  const child = fork(PROGRAM, [dir], { execArgv: ['--expose-gc'] })
  const failed = once(child, 'exit').then(() => Promise.reject(new Error('It did not start')))
  const [port] = await Promise.race([once(child, 'message'), failed])
  failed.catch(() => undefined)
  const server = new ServerProcess(child, Number(port))
  t.after(async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  })
  return server
}
