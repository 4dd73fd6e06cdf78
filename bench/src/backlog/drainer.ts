import { createBroker } from '@hufu/broker'

/** Opens the folder after the kill, drains it, and says how long that took from process start. */
const [dir, count] = [process.argv[2]!, Number(process.argv[3])]

const broker = await createBroker({ dir })
const openedMs = performance.now()
const waitingMiB = Math.round(process.memoryUsage().rss / 2 ** 20)
let firstMs = 0
let seen = 0
let rssMiB = 0
const drained = Promise.withResolvers<void>()
const subscription = broker.subscribe('q', { credit: 2_000 }, (batch) => {
  firstMs ||= performance.now()
  seen += batch.length
  if (seen % 100_000 < batch.length) rssMiB = Math.max(rssMiB, process.memoryUsage().rss / 2 ** 20)
  void subscription.settle(batch.map(({ id }) => ({ id, outcome: 'done' })))
  if (seen >= count) drained.resolve()
})
await drained.promise
const drainPerSecond = Math.round((count / (performance.now() - firstMs)) * 1_000)
await broker.close()
const ready = { openedSeconds: openedMs / 1_000, readySeconds: firstMs / 1_000 }
const memory = { waitingMiB, drainingMiB: Math.round(rssMiB) }
process.stdout.write(`${JSON.stringify({ ...ready, drainPerSecond, ...memory })}\n`)
