import { nodeOs } from '@hufu/os'
import { createBroker } from '../../engine/open.ts'
import { openAmqpDoor } from './door.ts'

/*
 * A broker with an AMQP door in a process of its own; started by `ServerProcess`. It measures
 * itself:
 * CPU time, not wall time, so that a busy machine is not taken for a stall.
 */

/** Between two looks at the event loop. */
const LOOK_MS = 5

/** What the process says of itself. */
export interface Measure {
  /** Most CPU time that the event loop spent without coming round, ms, since the last measure. */
  readonly stallMs: number
  /** CPU time of the main thread since the last measure, ms. */
  readonly busyMs: number
  /** In use after a garbage collection, buffers included, bytes. */
  readonly memoryBytes: number
  /** Most memory at a look since the last measure, garbage included, bytes. */
  readonly peakBytes: number
  readonly queues: readonly { readonly name: string; readonly ready: number }[]
  /** What the door has warned of, since the start. */
  readonly warnings: readonly string[]
}

const warnings: string[] = []
const onWarning = (text: string) => warnings.push(text)
const broker = await createBroker({ dir: process.argv[2]!, onWarning })
const door = await openAmqpDoor({ broker, net: nodeOs.net, os: nodeOs, onWarning })
const { port } = await door.listen({ host: '127.0.0.1', port: 0 })

let before = cpuMs()
let start = before
let stallMs = 0
let peakBytes = 0

setInterval(() => {
  const now = cpuMs()
  stallMs = Math.max(stallMs, now - before)
  before = now
  peakBytes = Math.max(peakBytes, memoryBytes())
}, LOOK_MS)

process.on('message', async () => {
  stallMs = Math.max(stallMs, cpuMs() - before)
  const [busyMs, peak] = [cpuMs() - start, peakBytes]
  await collected()
  const queues = broker.queues().map(({ name, ready }) => ({ name, ready }))
  const measure: Measure = {
    ...{ stallMs, busyMs, queues, warnings },
    ...{ memoryBytes: memoryBytes(), peakBytes: peak },
  }
  stallMs = peakBytes = 0
  start = before = cpuMs()
  process.send!(measure)
})
process.on('disconnect', () => process.exit(0))
process.send!(port)

/** Buffers go some time after the collection that has found them unused. */
async function collected(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    global.gc!()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function memoryBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
