import { createBroker } from '@hufu/broker'

/** Fills a queue with so many messages of 100 bytes, says how it stands, and is killed. */
const [dir, count] = [process.argv[2]!, Number(process.argv[3])]
const CHUNK = 500
const WINDOW = 4_000

const broker = await createBroker({ dir })
await broker.declareQueue('q', { maxMessages: 1e9, maxBytes: 2 ** 50 })
const body = Buffer.alloc(100, 1)
const full = Promise.withResolvers<void>()
let sent = 0
let confirmed = 0
const publisher = broker.publisher({
  queues: ['q'],
  onConfirmed: (upTo) => {
    confirmed = upTo
    pump()
  },
  onRefused: (_from, _to, error) => full.reject(error),
})
const started = performance.now()
function pump(): void {
  while (sent - confirmed < WINDOW && sent < count) {
    const length = Math.min(CHUNK, count - sent)
    sent = publisher.publishBatch(Array.from({ length }, () => ({ body })))
  }
  if (confirmed >= count) full.resolve()
}
pump()
await full.promise
const perSecond = Math.round((count / (performance.now() - started)) * 1_000)
await new Promise((resolve) => setTimeout(resolve, 1_000))
const rssMiB = Math.round(process.memoryUsage().rss / 2 ** 20)
process.stdout.write(`${JSON.stringify({ perSecond, rssMiB })}\n`, () => {
  process.kill(process.pid, 'SIGKILL')
})
