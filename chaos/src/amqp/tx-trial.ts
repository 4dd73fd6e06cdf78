import { setTimeout as passed } from 'node:timers/promises'
import { AMQPClient } from '@cloudamqp/amqp-client'
import type { Server } from './server.ts'

const MESSAGES = 100
const TAKEN = 10

/** An answer that was sent before the kill has been read after this time. */
const ANSWER_MS = 200
const OUT = ['out-a', 'out-b', 'out-c'] as const

/** What a trial found after the restart. */
export interface Found {
  /** The client was told that it is stored. */
  readonly told: boolean
  /** All or nothing of the transaction is there, and all if the client was told. */
  readonly holds: boolean
  /** It took effect. */
  readonly whole: boolean
  readonly text: string
}

/**
 * One transaction: publishes to three queues and acks of what came from a fourth; the server is
 * killed `killMs` after the commit was asked for, and started again.
 */
export async function txTrial(server: Server, number: number, killMs: number): Promise<Found> {
  await prepare(server)
  const killed = Promise.withResolvers<void>()
  let asked = false
  const kill = () => {
    asked = true
    passed(killMs).then(() => server.kill().then(killed.resolve, killed.reject))
  }
  // Of a connection that is gone the client may never say so.
  const unheard = killed.promise.then(() => passed(ANSWER_MS)).then(() => false)
  const told = await Promise.race([transact(server, number, kill), unheard]).catch(() => false)
  if (!asked) kill()
  await killed.promise
  await server.start()
  const { published, left } = await look(server)
  const whole = published === MESSAGES && left === 0
  const nothing = published === 0 && left === TAKEN
  const text = `trial ${number}: told ${told}, ${published} published, ${left} not acked`
  return { told, whole, holds: whole || (nothing && !told), text }
}

/** Empty queues, and messages to be taken. */
async function prepare(server: Server): Promise<void> {
  await using(server, async (client) => {
    const channel = await client.channel()
    for (const queue of ['in', ...OUT]) {
      await channel.queueDeclare(queue, { durable: true, autoDelete: false })
      await channel.queuePurge(queue)
    }
    await channel.confirmSelect()
    const sent = []
    for (let n = 0; n < TAKEN; n++) sent.push(channel.basicPublish('', 'in', `in ${n}`))
    await Promise.all(sent)
  })
}

/** True when the commit was answered. */
async function transact(server: Server, number: number, onCommit: () => unknown): Promise<boolean> {
  return using(server, async (client) => {
    const channel = await client.channel()
    await channel.txSelect()
    for (let n = 0; n < TAKEN; n++) {
      const message = await channel.basicGet('in', { noAck: false })
      if (message === null) throw new Error(`Transaction ${number}: message ${n} is not there`)
      await message.ack()
    }
    for (let n = 0; n < MESSAGES; n++) {
      await channel.basicPublish('', OUT[n % OUT.length]!, `${number} ${n}`)
    }
    onCommit()
    await channel.txCommit()
    return true
  })
}

async function look(server: Server): Promise<{ published: number; left: number }> {
  return using(server, async (client) => {
    const channel = await client.channel()
    const count = async (queue: string) =>
      (await channel.queueDeclare(queue, { passive: true })).messageCount
    let published = 0
    for (const queue of OUT) published += await count(queue)
    return { published, left: await count('in') }
  })
}

async function using<T>(server: Server, work: (client: AMQPClient) => Promise<T>): Promise<T> {
  const client = new AMQPClient(server.url)
  client.onerror = () => undefined
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.close().catch(() => undefined)
  }
}
