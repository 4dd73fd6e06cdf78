import { join } from 'node:path'
import { type FreshDatabase, freshDatabase } from '../../../tools/services/fresh-database.ts'
import { ServiceMissing, urlVariable } from '../../../tools/services/service.ts'
import { startService } from '../../../tools/services/start.ts'
import { treeCpuUs } from '../process-usage.ts'
import type { StoreName } from './options.ts'

/** Where coordinators keep their state in one case. */
export interface Database {
  /** Address, or path of a file. */
  readonly url: string
  /** Processor time of the server so far, µs; 0 where there is none, or where it is not told. */
  cpuUs(): number
  /** Address of another, empty database in the same server; undefined: it is a file. */
  readonly fresh?: () => Promise<string>
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
    const fresh = databasesOf(given)
    return { url: await fresh.make(), cpuUs: () => 0, fresh: fresh.make, end: fresh.drop }
  }
  try {
    const server = await startService(name)
    const { make } = databasesOf(server.url)
    const cpuUs = () => treeCpuUs(server.pid)
    return { url: await make(), cpuUs, fresh: make, end: () => server.stop() }
  } catch (error) {
    if (!(error instanceof ServiceMissing)) throw error
    say(`${name} is not here: ${error.message}`)
    return undefined
  }
}

/** Databases of this run in one server. */
function databasesOf(server: string) {
  const made: FreshDatabase[] = []
  const make = async () => {
    const database = await freshDatabase(server)
    made.push(database)
    return database.url
  }
  const drop = async () => {
    for (const database of made) await database.drop()
  }
  return { make, drop }
}
