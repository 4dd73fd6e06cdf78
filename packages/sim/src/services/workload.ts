import { sleep } from '@hufu/os'
import type { Dice } from '../plan/dice.ts'
import type { ServiceSetting, Setting, Step } from '../plan/step.ts'
import { Database } from '../store/database.ts'
import type { ModelTx } from '../store/tx.ts'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import { choosy } from './choosy.ts'
import { type Books, checkBooks, checkClosedBooks, checkKeys } from './ledger-check.ts'
import { ORDERS, type OrderRow } from './orders.ts'
import { makeLedger, makeShop, type Service, type ServiceParts } from './service.ts'

type PlaceStep = Extract<Step, { kind: 'order' }>
type Shop = ReturnType<typeof makeShop>

/** The business transaction was told to fail. */
class Refused extends Error {}

/** Two services on the library, one machine and two databases. */
export class ServiceWorkload {
  readonly books: Books
  healed = false
  readonly #machine: Machine
  readonly #setting: ServiceSetting
  readonly #refusals: number
  readonly #dice: Dice
  readonly #findings: Findings
  readonly #marks: Marks
  /** How often each order was placed, and those of which the broker was told that they were not. */
  readonly #placed = new Map<string, number>()
  readonly #toldRolledBack = new Set<string>()
  #shops: Shop[] = []
  #ledger: Service | undefined

  constructor(
    machine: Machine,
    { services, refusals }: Setting & { services: ServiceSetting },
    dice: Dice,
    findings: Findings,
    marks: Marks,
  ) {
    this.#machine = machine
    this.#setting = services
    this.#refusals = refusals
    this.#dice = dice
    this.#findings = findings
    this.#marks = marks
    const wall = machine.sim.clock.now()
    const now = () => Math.floor(wall + machine.elapsed)
    this.books = { shop: new Database('shop', now), ledger: new Database('ledger', now) }
    for (const database of [this.books.shop, this.books.ledger]) {
      database.onCommit((text) => machine.sim.trace.add(text))
    }
  }

  /** Once the process is up. */
  async begin(): Promise<void> {
    this.clientsGone()
    this.#shops = []
    this.#ledger = undefined
    const shops = []
    for (let n = 0; n < this.#setting.shops; n++) shops.push(makeShop(this.#parts(this.books.shop)))
    const ledger = makeLedger(this.#parts(this.books.ledger))
    for (const { hufu } of shops) if (!(await this.#start(hufu))) return
    this.#shops = shops
    if (await this.#start(ledger)) this.#ledger = ledger
  }

  /** The process has ended: what it had open in the databases is decided. */
  clientsGone(): void {
    const { shop, ledger } = this.books
    const { random } = this.#machine.sim
    for (const database of [shop, ledger]) database.clientsGone(() => random.chance(0.5))
  }

  place(step: PlaceStep): void {
    const shop = this.#shops[step.shop % Math.max(1, this.#shops.length)]
    if (shop === undefined) return
    this.#placed.set(step.id, (this.#placed.get(step.id) ?? 0) + 1)
    this.#place(shop, step).catch((error) => {
      this.#machine.sim.trace.add(`order ${step.id} failed: ${String(error)}`)
    })
  }

  /** One service stops in good order and starts again. */
  async restart(which: 'shop' | 'ledger', drainMs: number): Promise<void> {
    const service = which === 'shop' ? this.#shops[0]?.hufu : this.#ledger
    if (service === undefined) return
    await this.#machine.do(service.stop({ drainMs }))
    if (!this.#machine.alive) return
    if (await this.#start(service)) return
    if (which === 'shop') this.#shops.shift()
    else this.#ledger = undefined
  }

  /** Before an orderly stop of the whole process. */
  async stop(): Promise<void> {
    for (const service of this.#all()) await this.#machine.do(service.stop({ drainMs: 50 }))
  }

  check(): void {
    checkBooks(this.books, this.#findings)
    const { shop, ledger } = this.books
    if (shop.lateCommits + ledger.lateCommits > 0) this.#marks.add('lateCommit')
    if (shop.locks.waits + ledger.locks.waits > 0) this.#marks.add('lockWait')
  }

  checkClosed(): void {
    this.check()
    for (const id of this.#toldRolledBack) {
      const committed = this.#placed.get(id) === 1 && this.books.shop.table(ORDERS).has(id)
      this.#findings.check(!committed, 'what is told to be rolled back stays so', () => id)
    }
    checkClosedBooks(this.books, this.#findings)
    // A message that could not be read was parked in the broker, and its key went on.
    if (!this.#machine.unread) checkKeys(this.books, this.#setting.parkKey, this.#findings)
  }

  /** True when nothing is open any more; brings back what is parked. */
  async drained(): Promise<boolean> {
    let open = 0
    for (const service of this.#all()) open += await this.#parked(service)
    const { store } = this.#shops[0]?.hufu ?? {}
    if (store === undefined || this.#ledger === undefined) return false
    open += (await store.outbox.open('placed', Number.MAX_SAFE_INTEGER, 1)).length
    return this.#decided() && open === 0
  }

  async #parked({ parked }: Service): Promise<number> {
    const rows = await parked.list({ limit: 1_000 })
    for (const { ref, state } of rows) {
      if (state !== 'parked') continue
      this.#marks.add('parkedWork')
      parked.retry(ref, { reason: 'it works again', by: 'somebody' }).catch((error) => {
        this.#machine.sim.trace.add(`retry of ${ref}: ${String(error)}`)
      })
    }
    return rows.length
  }

  #all(): Service[] {
    return [...this.#shops.map(({ hufu }) => hufu), ...(this.#ledger ? [this.#ledger] : [])]
  }

  #parts(database: Database): ServiceParts {
    const { sim } = this.#machine
    const healed = () => this.healed
    const transport = choosy(
      this.#machine.transport,
      this.#refusals,
      this.#dice,
      healed,
      (name, word) => {
        if (word === 'rollback') this.#toldRolledBack.add(idOf(name))
      },
    )
    const onText = (text: string) => sim.trace.add(text)
    const [dice, setting] = [this.#dice, this.#setting]
    return { os: sim.os, transport, database, setting, dice, healed, onText }
  }

  /** False when it cannot start now: the disk is full, or the process has ended. */
  async #start(service: Service): Promise<boolean> {
    const started = await this.#machine.do(service.start().then(() => true)).catch((error) => {
      const expected = this.#machine.faulty || this.#machine.capacityLimited
      this.#findings.check(expected, 'a service starts', () => String(error))
      return false
    })
    return started === true
  }

  async #place(shop: Shop, step: PlaceStep): Promise<void> {
    const { id, key, delayMs, half } = step
    const options = { id, ...(key && { key }), ...(delayMs && { delay: delayMs }) }
    const order = { id, cents: id.length }
    if (half !== undefined) {
      const check = { ...options, check: half }
      await shop.placed.transactional(order, check, (tx) => this.#write(tx, step))
      this.#marks.add('halfOrder')
      return
    }
    await shop.hufu.store.transaction((tx) => {
      return this.#write(tx, step, () => shop.placed.publish(tx, order, options))
    })
  }

  /** The shop's own row, and the event where the outbox takes it. */
  async #write(
    tx: ModelTx,
    step: PlaceStep,
    publish?: () => Promise<{ repeated: boolean }>,
  ): Promise<void> {
    const { id, key = null, delayMs, holdMs, fails } = step
    const { clock } = this.#machine.sim.os
    if (step.holdFirst) await sleep(clock, holdMs)
    await tx.lock(ORDERS, id)
    const known = tx.get(ORDERS, id) !== undefined
    const half = publish === undefined
    const row: OrderRow = { id, key, delayed: delayMs > 0, half, order: 0 }
    if (!known) await tx.put(ORDERS, id, row)
    const repeated = publish === undefined ? false : (await publish()).repeated
    const same = () => `${id}: known ${known}, repeated ${repeated}`
    this.#findings.check(known === repeated, 'a repeat is told from a first time', same)
    if (!step.holdFirst) await sleep(clock, holdMs)
    if (fails) throw new Refused('as planned')
  }

  /** True when no half message is open; a person decides what was asked for in vain. */
  #decided(): boolean {
    const { broker } = this.#machine
    const open = broker.prepared({ group: 'shop', limit: 1_000 })
    for (const { transactionId, version, parked } of open) {
      if (!parked) continue
      const id = idOf(transactionId)
      const outcome = this.books.shop.table(ORDERS).has(id) ? 'commit' : 'rollback'
      broker.decide({ transactionId, version }, outcome).catch((error) => {
        this.#machine.sim.trace.add(`decide ${transactionId}: ${String(error)}`)
      })
    }
    return open.length === 0
  }
}

/** The order that a transaction of the shop is about. */
function idOf(transactionId: string): string {
  return transactionId.split(' ').at(-1) ?? ''
}
