import type { Os } from '@hufu/os'
import { sleep } from '@hufu/os'
import { type ConsumeOptions, createHufu, fail, type Hufu, later, type Transport } from 'hufu'
import type { Dice } from '../plan/dice.ts'
import type { ServiceSetting } from '../plan/step.ts'
import type { Database } from '../store/database.ts'
import { modelStore } from '../store/model-store.ts'
import type { ModelTx } from '../store/tx.ts'
import {
  ANSWERS,
  type AnswerRow,
  EFFECTS,
  type EffectRow,
  GROUPS,
  type Group,
  type Order,
  orderSchema,
} from './orders.ts'

export type Service = Hufu<ModelTx, never>

/** What a service is made of. */
export interface ServiceParts {
  readonly os: Os
  readonly transport: Transport
  readonly database: Database
  readonly setting: ServiceSetting
  readonly dice: Dice
  /** No handler fails any more. */
  readonly healed: () => boolean
  readonly onText: (text: string) => void
}

/** The shop publishes orders and hears what became of them. */
export function makeShop(parts: ServiceParts) {
  const hufu = make('shop', parts)
  const placed = define(hufu, parts)
  for (const group of GROUPS) {
    placed.onReceipt(group, async (tx, receipt, order) => {
      const run = parts.database.nextRef()
      const answer: AnswerRow = { id: order.id, group, outcome: receipt.outcome, run, order: 0 }
      await tx.put(ANSWERS, `${group}/${order.id}/${run}`, answer)
      await stumble(parts, 'answer', group, order, run)
    })
  }
  return { hufu, placed }
}

/** The ledger consumes them. */
export function makeLedger(parts: ServiceParts): Service {
  const hufu = make('ledger', parts)
  const placed = define(hufu, parts)
  for (const group of GROUPS) {
    const ordered = group === 'points'
    const parkKey = ordered && parts.setting.parkKey
    const options: ConsumeOptions = {
      concurrency: parts.setting.concurrency,
      retry: { max: 4, backoff: ['15ms', '60ms'] },
      ...(ordered && { order: 'by-key' }),
      ...(parkKey && { exhausted: 'park-key' }),
    }
    placed.consume(group, (tx, order) => handle(parts, tx, group, order), options)
  }
  return hufu
}

function make(service: string, { os, transport, database, onText }: ServiceParts): Service {
  return createHufu<ModelTx, never>({
    service,
    store: modelStore(database),
    transport,
    os,
    onAlert: (alert) => onText(`${service} parks ${alert.kind} ${alert.id}: ${alert.cause}`),
    onWarning: (text) => onText(`${service} warns: ${text}`),
  })
}

function define(hufu: Service, { setting }: ServiceParts) {
  const receiptTimeout = setting.receiptTimeoutMs
  return hufu.event('placed', orderSchema, { groups: GROUPS, receiptTimeout })
}

async function handle(parts: ServiceParts, tx: ModelTx, group: Group, order: Order) {
  const run = parts.database.nextRef()
  await stumble(parts, 'before', group, order, run)
  const effect: EffectRow = { id: order.id, group, run, order: 0 }
  await tx.put(EFFECTS, `${group}/${order.id}/${run}`, effect)
  await stumble(parts, 'after', group, order, run)
  return { run }
}

/** What may go wrong in a handler, or take its time. */
async function stumble(
  { dice, setting, os, healed }: ServiceParts,
  where: 'before' | 'after' | 'answer',
  group: Group,
  { id }: Order,
  run: number,
): Promise<void> {
  if (healed()) return
  if (dice.of('slow', where, group, id, run) < setting.slow) {
    await sleep(os.clock, dice.of('ms', where, group, id, run) * setting.slowMs)
  }
  if (dice.of('throw', where, group, id, run) < setting.throws) throw new Error('chance')
  if (where === 'answer') return
  if (dice.of('where', group, id) < 0.5 === (where === 'before')) return
  if (dice.of('stubborn', group, id) < setting.stubborn) throw new Error('always')
  if (dice.of('fail', group, id) < setting.fails) throw fail('NO')
  if (dice.of('later', where, group, id, run) < setting.later) throw later(20)
}
