import amqplib from 'amqplib'

/*
 * A client in a process of its own, so that what a crowd costs its own process is not measured. It
 * publishes at a steady pace, and says how long a message takes to be confirmed and to come back.
 */

const EVERY_MS = 5

/** Milliseconds. */
export interface Waits {
  readonly p50: number
  readonly p99: number
  readonly count: number
}

const [url = '', queue = 'friend'] = process.argv.slice(2)
const client = await amqplib.connect(url)
// It may be left behind by a test that has failed.
client.on('error', () => process.exit(1))
const channel = await client.createConfirmChannel()
await channel.assertQueue(queue)
const came = new Map<string, () => void>()
await channel.consume(queue, (message) => {
  if (message === null) return
  channel.ack(message)
  came.get(String(message.properties.messageId))?.()
})
let number = 0

process.on('message', async (seconds: number) => {
  const waits: number[] = []
  const under: Promise<void>[] = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    under.push(one(waits))
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  await Promise.all(under)
  waits.sort((a, b) => a - b)
  const at = (part: number) => waits[Math.floor(waits.length * part)]!
  process.send!({ p50: at(0.5), p99: at(0.99), count: waits.length } satisfies Waits)
})
process.on('disconnect', () => process.exit(0))
process.send!('ready')

/** One message there and back. */
async function one(waits: number[]): Promise<void> {
  const messageId = String(++number)
  const before = performance.now()
  const options = { persistent: true, messageId }
  const back = new Promise<void>((resolve) => came.set(messageId, resolve))
  const confirmed = new Promise<void>((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.alloc(100), options, (no) => (no ? reject(no) : resolve()))
  })
  await Promise.all([back, confirmed])
  came.delete(messageId)
  waits.push(performance.now() - before)
}
