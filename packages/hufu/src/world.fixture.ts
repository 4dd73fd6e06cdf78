import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { BrokerOptions } from '@hufu/broker'
import { createHufu } from './hufu.ts'
import type { Hufu } from './hufu-types.ts'
import type { HufuOptions } from './options.ts'
import type { StandardSchema } from './schema.ts'
import type { Alert } from './service/alert.ts'
import type { SqliteOptions, SqliteTx } from './stores/sqlite/index.ts'
import { sqlite } from './stores/sqlite/index.ts'
import type { EmbeddedTransport } from './transports/embedded/index.ts'
import { embedded } from './transports/embedded/index.ts'

export type Service = Hufu<SqliteTx, DatabaseSync>
type Options = Partial<HufuOptions<SqliteTx, DatabaseSync>> & {
  sqlite?: SqliteOptions
  file?: string
}

export interface Order {
  sku: string
  cents: number
}

/** A Standard Schema validator written by hand: an order with a positive number of cents. */
export const orderSchema: StandardSchema<Order> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const { sku, cents } = (value ?? {}) as Partial<Order>
      if (typeof sku !== 'string') return { issues: [{ message: 'no text', path: ['sku'] }] }
      if (!(Number(cents) > 0)) return { issues: [{ message: 'not above 0', path: ['cents'] }] }
      return { value: { sku, cents: Number(cents) } }
    },
  },
}

/** One broker, and services with a file each, in a folder that goes away with the world. */
export class World {
  readonly dir: string
  readonly transport: EmbeddedTransport
  readonly alerts: Alert[] = []
  readonly warnings: string[] = []
  readonly #services: Service[] = []

  constructor(dir: string, broker: Partial<BrokerOptions>) {
    this.dir = dir
    this.transport = embedded({ ...broker, dir: join(dir, 'broker') })
  }

  /** A service with a table `effects(id, value)`. */
  service(name: string, options: Options = {}): Service {
    const { sqlite: sqliteOptions, file = name, ...rest } = options
    const setUp = (db: DatabaseSync) =>
      db.exec('CREATE TABLE IF NOT EXISTS effects (n INTEGER PRIMARY KEY, id TEXT, value TEXT)')
    const service = createHufu({
      service: name,
      store: sqlite(join(this.dir, `${file}.db`), { setUp, ...sqliteOptions }),
      transport: this.transport,
      onAlert: (alert) => this.alerts.push(alert),
      onWarning: (text) => this.warnings.push(text),
      ...rest,
    })
    this.#services.push(service)
    return service
  }

  async end(): Promise<void> {
    for (const service of this.#services) await service.stop({ drainMs: 1_000 })
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** A test in a world of its own. */
export function inWorld(fn: (world: World) => Promise<void>, broker: Partial<BrokerOptions> = {}) {
  return async () => {
    const world = new World(await mkdtemp(join(tmpdir(), 'hufu-world-')), broker)
    try {
      await fn(world)
    } finally {
      await world.end()
    }
  }
}

/** The ids in `effects`, in the order in which they took effect. */
export async function effects(service: Service): Promise<string[]> {
  const rows = await service.store.transaction((tx) =>
    tx.all<{ id: string }>('SELECT id FROM effects ORDER BY n'),
  )
  return rows.map((row) => row.id)
}

/** An effect of a handler. */
export function effect(tx: SqliteTx, id: string, value = ''): void {
  tx.run('INSERT INTO effects (id, value) VALUES (?, ?)', id, value)
}

/** Waits until `probe` gives something; fails after 20 s, saying what it waited for. */
export async function until<T>(
  what: string,
  probe: () => Promise<T> | T,
): Promise<Exclude<T, false | null | undefined>> {
  for (let tries = 0; tries < 2_000; tries++) {
    const found = await probe()
    if (found) return found as Exclude<T, false | null | undefined>
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`waited in vain until ${what}`)
}
