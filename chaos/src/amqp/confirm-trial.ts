import { setTimeout as passed } from 'node:timers/promises'
import amqplib, { type ChannelModel } from 'amqplib'
import type { Server } from './server.ts'
import type { Found } from './tx-trial.ts'

const WINDOW = 100
const QUEUE = 'confirmed'

/**
 * A publisher with a window of messages that are not confirmed; the server is killed after `killMs`
 * and started again: every confirmed message must be there, and none that nobody has published.
 */
export async function confirmTrial(server: Server, number: number, killMs: number): Promise<Found> {
  const confirmed: string[] = []
  let sent = 0
  const client = await connected(server)
  const killed = passed(killMs).then(() => server.kill())
  await publishing(
    client,
    (text) => confirmed.push(text),
    () => `${number} ${sent++}`,
  )
  await killed
  await server.start()
  const there = await drained(server)
  const missing = confirmed.filter((text) => !there.has(text))
  const strange = [...there].filter((text) => !isOf(text, number, sent))
  const words = `${confirmed.length} confirmed of ${sent}, ${there.size} there`
  const text = `trial ${number}: ${words}, ${missing.length} missing, ${strange.length} strange`
  const holds = missing.length + strange.length === 0
  return { told: confirmed.length > 0, whole: holds, holds, text }
}

function isOf(text: string, number: number, sent: number): boolean {
  const [trial, at] = text.split(' ').map(Number)
  return trial === number && at !== undefined && at < sent
}

async function connected(server: Server): Promise<ChannelModel> {
  const client = await amqplib.connect(server.url)
  client.on('error', () => undefined)
  return client
}

/** Publishes until the connection is gone. */
async function publishing(
  client: ChannelModel,
  onConfirmed: (text: string) => void,
  nextText: () => string,
): Promise<void> {
  const gone = new Promise<void>((resolve) => {
    client.on('close', () => resolve())
  })
  const work = async () => {
    const channel = await client.createConfirmChannel()
    channel.on('error', () => undefined)
    await channel.assertQueue(QUEUE)
    const next = () => {
      const text = nextText()
      channel.sendToQueue(QUEUE, Buffer.from(text), { persistent: true }, (error) => {
        if (error) return
        onConfirmed(text)
        next()
      })
    }
    for (let n = 0; n < WINDOW; n++) next()
  }
  await Promise.all([gone, work().catch(() => undefined)])
}

/** All that is in the queue, taken out of it. */
async function drained(server: Server): Promise<Set<string>> {
  const client = await connected(server)
  const channel = await client.createChannel()
  const there = new Set<string>()
  const { messageCount } = await channel.assertQueue(QUEUE)
  const all = Promise.withResolvers<void>()
  if (messageCount === 0) all.resolve()
  let count = 0
  await channel.consume(QUEUE, (message) => {
    there.add(message!.content.toString())
    if (++count === messageCount) {
      channel.ack(message!, true)
      all.resolve()
    }
  })
  await all.promise
  await channel.close()
  await client.close()
  return there
}
