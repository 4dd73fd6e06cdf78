import { nodeDisk } from './disk.ts'

/** Takes the lock named on the command line, says so, and holds it until it is killed. */
const path = process.argv[2]
if (path === undefined) throw new Error('Cannot hold a lock: no path is given')
await nodeDisk.lock(path)
process.stdout.write('held\n')
setInterval(() => {}, 60_000)
