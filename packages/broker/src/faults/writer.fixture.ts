import { writeSync } from 'node:fs'
import { createBroker } from '../engine/open.ts'

/**
 * Opens the folder named on the command line and works until it is killed: publishes, consumes half
 * of it, and says on standard output what it asks for and what is confirmed, a line each:
 * `p` publish asked, `c` confirmed with its id, `a` settle asked, `s` settled.
 */
const [dir, name] = process.argv.slice(2)
if (dir === undefined || name === undefined) throw new Error('Cannot write: no folder is given')

const KiB = 1024
const limits = {
  segmentBytesMin: 32 * KiB,
  segmentBytesMax: 64 * KiB,
  checkpointBytes: 64 * KiB,
  cacheBytes: 1,
}
const broker = await createBroker({ dir, limits })
await broker.declareQueue('kept')
await broker.declareQueue('drained')
let count = 0

const taker = broker.subscribe('drained', { credit: 20 }, (batch) => {
  for (const { id, body } of batch) {
    const token = Buffer.from(body).toString().split(' ')[0]
    say(`a ${token}`)
    taker.settle([{ id, outcome: 'done' }]).then(() => say(`s ${token}`))
  }
})
await Promise.all(Array.from({ length: 8 }, publisher))

async function publisher(_: unknown, lane: number): Promise<never> {
  for (;;) {
    const token = `${name}-${count++}`
    say(`p ${token}`)
    const queues = lane === 0 && count % 4 === 0 ? ['kept', 'drained'] : ['drained']
    const body = Buffer.from(`${token} ${queues.length} ${'x'.repeat((count * 37) % 3_000)}`)
    const id = await broker.publish({ queues, body })
    say(`c ${token} ${id} ${queues.length}`)
  }
}

/** Not lost in a buffer when the process is killed. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
