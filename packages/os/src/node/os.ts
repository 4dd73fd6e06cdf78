import type { Os } from '../os.ts'
import { nodeClock } from './clock.ts'
import { nodeDisk } from './disk.ts'
import { nodeNet } from './net.ts'
import { nodeRandom } from './random.ts'

/** The real machine. */
export const nodeOs: Os = {
  disk: nodeDisk,
  clock: nodeClock,
  net: nodeNet,
  random: nodeRandom,
  crash: (error) =>
    process.nextTick(() => {
      throw error
    }),
}
