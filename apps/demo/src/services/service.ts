import type { Transport } from 'hufu'
import { createHufu } from 'hufu'
import { sqlite } from 'hufu/stores/sqlite'
import { orderSchema } from '../input/order.ts'
import type { ServiceName } from './databases.ts'
import { databasePath } from './databases.ts'

/** Who has not answered by then is told again. Short, so that a lost answer costs little time. */
const receiptTimeout = '5s'

/** What every service is given. */
export interface ServiceOptions {
  readonly dir: string
  readonly transport: Transport
}

/**
 * A service's own database with its `tables`, its part in Hufu, and the event that all four share.
 * Nothing is opened before `hufu.start()`.
 */
export function makeService(service: ServiceName, tables: string, options: ServiceOptions) {
  const { dir, transport } = options
  const store = sqlite(databasePath(dir, service), { setUp: (db) => db.exec(tables) })
  const hufu = createHufu({ store, transport, service })
  const groups = ['coupon', 'points', 'sms'] as const
  const OrderPlaced = hufu.event('order.placed', orderSchema, { groups, receiptTimeout })
  return { hufu, OrderPlaced }
}

/** How long each service goes on trying what fails. */
export const RETRY = { max: 12, backoff: ['50ms', '400ms'] } as const
