import { createInterface } from 'node:readline'
import { createBroker } from '../engine/open.ts'

/** Opens the folder named on the command line, and publishes each line that it reads. */
const dir = process.argv[2]
if (dir === undefined) throw new Error('Cannot own a folder: none is given')
const broker = await createBroker({ dir })
await broker.declareQueue('a')
console.log('open')
for await (const line of createInterface({ input: process.stdin })) {
  await broker.publish({ queues: ['a'], body: Buffer.from(line) })
  console.log(`published ${line}`)
}
