import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshDatabase } from '../../../tools/services/fresh-database.ts'
import { descendants } from '../../../tools/services/process-tree.ts'
import { ServiceMissing, urlVariable } from '../../../tools/services/service.ts'
import { startService } from '../../../tools/services/start.ts'
import type { StoreName } from './options.ts'

/** Where coordinators keep their state in one case. */
export interface Database {
  /** Address, or path of a file. */
  readonly url: string
  /** Processor time of the server so far, µs; 0 where there is none, or where it is not told. */
  cpuUs(): number
  end(): Promise<void>
}

/** A database of its own; undefined, and said, where there is no such server. */
export async function openDatabase(
  name: StoreName,
  folder: string,
  say: (text: string) => void,
): Promise<Database | undefined> {
  if (name === 'sqlite') {
    return { url: join(folder, 'state.db'), cpuUs: () => 0, end: async () => {} }
  }
  const given = process.env[urlVariable(name)]
  if (given) {
    const { url, drop } = await freshDatabase(given)
    return { url, cpuUs: () => 0, end: drop }
  }
  try {
    const server = await startService(name)
    const { url } = await freshDatabase(server.url)
    return { url, cpuUs: () => treeCpuUs(server.pid), end: () => server.stop() }
  } catch (error) {
    if (!(error instanceof ServiceMissing)) throw error
    say(`${name} is not here: ${error.message}`)
    return undefined
  }
}

/** Linux counts in hundredths of a second. */
const TICK_US = 10_000

function treeCpuUs(top: number): number {
  return [top, ...descendants(top)].reduce((sum, pid) => sum + ticksOf(pid), 0) * TICK_US
}

/** Own time and that of children that have ended. */
function ticksOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  } catch {
    return 0
  }
}
