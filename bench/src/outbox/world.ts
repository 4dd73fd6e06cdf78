import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { nodeOs } from '@hufu/os'
import type { ConsumeContext, Hufu } from 'hufu'
import { createHufu } from 'hufu'
import type { SqliteStore, SqliteTx } from 'hufu/stores/sqlite'
import { sqlite } from 'hufu/stores/sqlite'
import type { EmbeddedTransport } from 'hufu/transports/embedded'
import { embedded } from 'hufu/transports/embedded'
import type { Order } from './shop.ts'
import { addPoints, orderOf, orderSchema, placeOrder, pointsTables, shopTables } from './shop.ts'

/** `bare`: no message. `outbox`: sent, nobody answers. `all`: consumed strongly, and answered. */
export type Case = 'bare' | 'outbox' | 'all'

export interface WorldOptions {
  /** Folder in which the world's own folder is made. */
  readonly dir: string
  /** Handlers of the consumer at a time. */
  readonly concurrency: number
  /** Called in the consumer's transaction. */
  readonly onEffect?: (tx: SqliteTx, ctx: ConsumeContext) => void
  /** Stands around the consumer's store. */
  readonly watch?: (store: SqliteStore) => SqliteStore
}

/** An order service and a points service, each with its own file, and the broker between them. */
export interface World {
  /** Places the order of this number; resolves after its commit. */
  place(n: number): Promise<void>
  /** Resolves when every message is sent and, where wanted, answered. */
  settled(): Promise<void>
  /** Write groups of the broker so far. */
  brokerGroups(): number
  close(): Promise<void>
}

type Service = Hufu<SqliteTx, DatabaseSync>

export async function openWorld(kind: Case, options: WorldOptions): Promise<World> {
  const dir = mkdtempSync(join(options.dir, 'hufu-bench-'))
  const store = sqlite(join(dir, 'orders.db'), { setUp: shopTables })
  if (kind === 'bare') return bareWorld(dir, store)
  const transport = embedded(join(dir, 'broker'))
  const orders = createHufu({ service: 'orders', store, transport })
  const groups = ['points'] as const
  const placed =
    kind === 'all'
      ? orders.event('order.placed', orderSchema, { groups })
      : orders.event('order.placed', orderSchema, { groups, receipts: false })
  const points = kind === 'all' ? pointsService(dir, transport, options) : undefined
  await orders.start()
  await points?.start()
  return {
    place: (n) =>
      store.transaction(async (tx) => {
        const order = placeOrder(tx, orderOf(n))
        await placed.publish(tx, order, { id: order.id, key: order.userId })
      }),
    settled: () => settled(orders),
    brokerGroups: () => transport.broker?.stats().groups ?? 0,
    async close() {
      await points?.stop()
      await orders.stop()
      rmSync(dir, { recursive: true })
    },
  }
}

async function bareWorld(dir: string, store: SqliteStore): Promise<World> {
  await store.open(nodeOs)
  return {
    place: (n) =>
      store.transaction(async (tx) => {
        placeOrder(tx, orderOf(n))
      }),
    settled: async () => {},
    brokerGroups: () => 0,
    async close() {
      await store.close()
      rmSync(dir, { recursive: true })
    },
  }
}

function pointsService(dir: string, transport: EmbeddedTransport, options: WorldOptions): Service {
  const { concurrency, onEffect, watch = (store) => store } = options
  const store = watch(sqlite(join(dir, 'points.db'), { setUp: pointsTables }))
  const points = createHufu({ service: 'points', store, transport })
  const placed = points.event('order.placed', orderSchema, { groups: ['points'] })
  const add = async (tx: SqliteTx, order: Order, ctx: ConsumeContext) => {
    addPoints(tx, order)
    onEffect?.(tx, ctx)
  }
  placed.consume('points', add, { concurrency })
  return points
}

async function settled(orders: Service): Promise<void> {
  for (;;) {
    const { waiting, open } = await orders.store.outbox.stats()
    if (waiting + open === 0) return
    await pause(Math.min(50, 1 + (waiting + open) / 100))
  }
}
