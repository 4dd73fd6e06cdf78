import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Broker, type BrokerOptions, createBroker } from '@hufu/broker'
import { type AmqpDoor, openAmqpDoor } from '@hufu/broker/amqp'
import { nodeOs } from '@hufu/os'
import { connect } from 'amqplib'
import { shared } from '../../../../../tools/services/for-test.ts'

/** The servers that the transport's rules are checked on. */
export const SERVERS = ['Hufu', 'RabbitMQ'] as const
export type ServerName = (typeof SERVERS)[number]

/** Hufu's own server in this process, in a folder that goes away with it. */
export class HufuServer {
  readonly #dir: string
  readonly #limits: BrokerOptions['limits']
  #broker!: Broker
  #door!: AmqpDoor
  port = 0

  constructor(dir: string, limits: BrokerOptions['limits'] = {}) {
    this.#dir = dir
    this.#limits = limits
  }

  static async start(limits?: BrokerOptions['limits']): Promise<HufuServer> {
    const server = new HufuServer(await mkdtemp(join(tmpdir(), 'hufu-amqp-')), limits)
    await server.open()
    return server
  }

  get url(): string {
    return `amqp://127.0.0.1:${this.port}`
  }

  /** On the port of before, where there was one. */
  async open(): Promise<void> {
    this.#broker = await createBroker({
      dir: join(this.#dir, 'broker'),
      limits: this.#limits ?? {},
    })
    this.#door = await openAmqpDoor({ broker: this.#broker, net: nodeOs.net, os: nodeOs })
    const { port } = await this.#door.listen({ host: '127.0.0.1', port: this.port })
    this.port = port
  }

  /** Ends it, takes its data away and starts it again. */
  async empty(): Promise<void> {
    await this.close()
    await rm(join(this.#dir, 'broker'), { recursive: true })
    await this.open()
  }

  /** With TLS, under the certificate that its authority `ca` has signed. */
  async secureUrl(): Promise<string> {
    const tls = { cert: certificate('server.pem'), key: certificate('server.key') }
    const { port } = await this.#door.listen({ host: '127.0.0.1', port: 0, tls })
    return `amqps://127.0.0.1:${port}`
  }

  async close(): Promise<void> {
    await this.#door.close()
    await this.#broker.close()
  }

  async remove(): Promise<void> {
    await this.close()
    await rm(this.#dir, { recursive: true })
  }
}

/** A file of certificates made for tests. */
export function certificate(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../../../os/fixtures/tls', name), 'utf8')
}

/** One server for all tests of a file; ends with `endServer`. */
let hufu: Promise<HufuServer> | undefined

/** Address of the server; undefined: there is none, and the test is skipped. */
export async function serverUrl(t: TestContext, name: ServerName): Promise<string | undefined> {
  if (name === 'RabbitMQ') return shared(t, 'rabbitmq')
  hufu ??= HufuServer.start()
  return (await hufu).url
}

export async function endServer(): Promise<void> {
  await (await hufu)?.remove()
}

let prefixes = 0

/** A prefix that nobody else has. */
export function ownPrefix(): string {
  return `hufu-test-${process.pid}-${++prefixes}`
}

/** Takes the queues and exchanges of a test away. */
export async function removeOf(url: string, prefix: string, queues: string[]): Promise<void> {
  const connection = await connect(url)
  const channel = await connection.createChannel()
  for (const queue of queues) await channel.deleteQueue(`${prefix}/${queue}`)
  await channel.deleteExchange(prefix)
  await connection.close()
}
