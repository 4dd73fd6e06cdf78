import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { nodeOs, type Os } from '@hufu/os'
import amqplib, { type ChannelModel } from 'amqplib'
import type { Broker } from '../../api.ts'
import { createBroker } from '../../engine/open.ts'
import { type AmqpDoor, openAmqpDoor } from './door.ts'

/** A broker with an AMQP door on the loopback, in a folder that goes away with the test. */
export class House {
  readonly #dir: string
  readonly warnings: string[] = []
  broker!: Broker
  door!: AmqpDoor
  port = 0

  constructor(dir: string) {
    this.#dir = dir
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}`
  }

  async open(): Promise<void> {
    const os: Os = nodeOs
    this.broker = await createBroker({ dir: join(this.#dir, 'broker') })
    const onWarning = (text: string) => this.warnings.push(text)
    this.door = await openAmqpDoor({ broker: this.broker, net: os.net, os, onWarning })
    const listener = await this.door.listen({ host: '127.0.0.1', port: this.port })
    this.port = listener.port
  }

  async close(): Promise<void> {
    await this.door.close()
    await this.broker.close()
  }

  /** A client of amqplib that nobody here wrote. Its own errors are of no interest. */
  async client(): Promise<ChannelModel> {
    const client = await amqplib.connect(this.url)
    client.on('error', () => undefined)
    return client
  }

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true })
  }
}

export async function house(t: TestContext): Promise<House> {
  const made = new House(await mkdtemp(join(tmpdir(), 'hufu-door-')))
  await made.open()
  t.after(async () => {
    await made.close()
    await made.remove()
  })
  return made
}
