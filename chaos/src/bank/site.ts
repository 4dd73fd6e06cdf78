import { join } from 'node:path'
import { nodeOs } from '@hufu/os'
import { freshDatabase } from '../../../tools/services/fresh-database.ts'
import { ServiceMissing, urlVariable } from '../../../tools/services/service.ts'
import { startService } from '../../../tools/services/start.ts'
import { CannotRunError } from '../options.ts'
import { openBooks } from './books.ts'
import type { BankStore } from './options.ts'
import { type Place, placeAt, sqliteUrl } from './place.ts'
import { BANKS } from './transfer.ts'

/** Where the run takes place: a folder, and databases with open books in them. */
export interface Site {
  readonly folder: string
  readonly banks: readonly string[]
  /** The coordinators' own database; for two-phase messages the payers are in it. */
  readonly home: string
  /** The four databases, banks first, opened by this process. */
  readonly places: readonly Place[]
  close(): Promise<void>
}

/** Throws `CannotRunError` where a server cannot be had. */
export async function openSite(store: BankStore, folder: string): Promise<Site> {
  const server = store === 'sqlite' ? undefined : await serverOf(store)
  const closers = server ? [server.stop] : []
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
  }
  try {
    const urls: string[] = []
    for (const name of [...BANKS.map((n) => `bank-${n}`), 'home']) {
      const database = server ? await freshDatabase(server.url) : undefined
      if (database) closers.push(database.drop)
      const url = database?.url ?? sqliteUrl(join(folder, `${name}.db`))
      await openBooks(url)
      urls.push(url)
    }
    const places: Place[] = []
    for (const url of urls) {
      const place = placeAt(url)
      await place.store.open(nodeOs)
      closers.push(() => place.store.close())
      places.push(place)
    }
    return { folder, banks: urls.slice(0, -1), home: urls.at(-1)!, places, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function serverOf(store: Exclude<BankStore, 'sqlite'>) {
  const given = process.env[urlVariable(store)]
  if (given) return { url: given, stop: async () => {} }
  try {
    const running = await startService(store)
    return { url: running.url, stop: () => running.stop() }
  } catch (error) {
    if (error instanceof ServiceMissing) throw new CannotRunError(error.message)
    throw error
  }
}
