import { nodeOs } from '@hufu/os'
import type { Store, TransactionOptions, WorkKind } from '../ports/store.ts'
import { Died, type Mortal, never } from './crash-kit-death.ts'

/** What one transaction does, for the name of its commit. */
class Doings<Tx> {
  readonly #byTx = new Map<Tx, string[]>()

  note(tx: unknown, what: string): void {
    this.#byTx.get(tx as Tx)?.push(what)
  }

  begin(tx: Tx): void {
    this.#byTx.set(tx, [])
  }

  /** Each thing once. */
  end(tx: Tx): string {
    const done = this.#byTx.get(tx) ?? []
    this.#byTx.delete(tx)
    return [...new Set(done)].join(', ')
  }
}

/** The store as one process reaches it: each commit is an effect, and nothing comes after death. */
export class MortalStore<Tx, Foreign> implements Store<Tx, Foreign> {
  readonly name: string
  readonly outbox: Store<Tx, Foreign>['outbox']
  readonly fence: Store<Tx, Foreign>['fence']
  readonly journal: Store<Tx, Foreign>['journal']
  readonly parked: Store<Tx, Foreign>['parked']
  readonly audit: Store<Tx, Foreign>['audit']
  readonly barrier: Store<Tx, Foreign>['barrier']
  readonly transactions: Store<Tx, Foreign>['transactions']
  readonly retention: Store<Tx, Foreign>['retention']
  readonly expect?: (tx: Tx | Foreign, work: Promise<unknown>) => void
  readonly #life: Mortal
  readonly #store: Store<Tx, Foreign>
  readonly #doings = new Doings<Tx>()
  readonly #under = new Set<Promise<unknown>>()
  readonly #owners = new Set<number>()
  #users = 0

  constructor(life: Mortal, store: Store<Tx, Foreign>) {
    this.#life = life
    this.#store = store
    this.name = store.name
    this.outbox = this.#part('outbox', store.outbox)
    this.fence = this.#part('fence', store.fence)
    this.journal = this.#part('journal', store.journal)
    this.parked = this.#part('parked', store.parked)
    this.audit = this.#part('audit', store.audit)
    this.barrier = this.#part('barrier', store.barrier)
    this.transactions = this.#part('transactions', store.transactions)
    this.retention = this.#part('retention', store.retention)
    const { expect } = store
    if (expect) this.expect = (tx, work) => expect.call(store, tx, work)
  }

  /** With a clock that lives on: what the store has under way is brought to its end. */
  open(): Promise<void> {
    const opened = this.#store.open(nodeOs).then(() => void this.#users++)
    return this.#life.heard(this.#follow(opened))
  }

  close(): Promise<void> {
    if (!this.#life.alive) return never()
    this.#users--
    return this.#life.heard(this.#follow(this.#store.close()))
  }

  transaction<T>(fn: (tx: Tx) => Promise<T> | T, options?: TransactionOptions): Promise<T> {
    if (!this.#life.alive) return never()
    const done = this.#store.transaction((tx) => this.#work(tx, fn), options)
    const ended = done.then(({ value, dies }) => {
      if (dies) this.#life.die()
      return value
    })
    return this.#life.heard(this.#follow(ended))
  }

  onWork(listener: (kind?: WorkKind) => void): () => void {
    return this.#store.onWork((kind) => this.#life.alive && listener(kind))
  }

  now(): Promise<number> {
    return this.#life.alive ? this.#life.heard(this.#store.now()) : never()
  }

  /** After the death of its process: ends what it had open, its lease, and the connection. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#under)
    const { transactions } = this.#store
    // As if its lease had ended: nobody has to wait for that.
    const givingUp = [...this.#owners].map(async (owner) => transactions.unregister(owner))
    await Promise.allSettled(givingUp)
    for (; this.#users > 0; this.#users--) await this.#store.close()
  }

  #follow<T>(work: Promise<T>): Promise<T> {
    const over = () => void this.#under.delete(work)
    this.#under.add(work)
    work.then(over, over)
    return work
  }

  /** What is not committed when the process dies is rolled back. */
  async #work<T>(tx: Tx, fn: (tx: Tx) => Promise<T> | T): Promise<{ value: T; dies: boolean }> {
    this.#doings.begin(tx)
    const died = this.#life.death.then(() => {
      throw new Died()
    })
    const value = await Promise.race([fn(tx), died])
    const what = this.#doings.end(tx)
    // The folder is another one each time.
    const store = this.name.replaceAll(`${this.#life.dir}/`, '')
    const when = this.#life.begins(`commit of ${store}${what && `: ${what}`}`)
    if (when !== 'before') return { value, dies: when === 'after' }
    this.#life.die()
    throw new Died()
  }

  /** The same calls, each heard of by the living only. */
  #part<Section extends object>(name: string, section: Section): Section {
    return new Proxy(section, {
      get: (target, key) => {
        const call: unknown = Reflect.get(target, key)
        if (typeof call !== 'function') return call
        return (...args: unknown[]) => {
          if (!this.#life.alive) return never()
          this.#doings.note(args[0], `${name}.${String(key)}${aboutOf(args.slice(1))}`)
          const answer = Promise.resolve(call.apply(target, args))
          if (key === 'register') this.#noteOwner(answer)
          return this.#life.heard(answer)
        }
      },
    })
  }

  #noteOwner(registering: Promise<unknown>): void {
    const noted = registering.then((owner) => void this.#owners.add(owner as number))
    this.#follow(noted.catch(() => undefined))
  }
}

/** The operation or the ids that a call of the store is about. */
function aboutOf(about: unknown): string {
  if (Array.isArray(about)) return about.map(aboutOf).join('')
  const { id, gid, branch, op } = (about ?? {}) as Record<string, unknown>
  if (gid !== undefined) return ` ${gid}/${branch}/${op}`
  return id === undefined ? '' : ` ${id}`
}
