import { nodeOs } from '@hufu/os'
import type { Store } from '../ports/store.ts'
import { Died, type Mortal, never } from './crash-kit-death.ts'

interface MortalStore<Tx, Foreign> {
  readonly mortal: Store<Tx, Foreign>
  /** After the death of its process: ends its leases and the connection. */
  readonly end: () => Promise<void>
}

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
export function mortalStore<Tx, Foreign>(
  life: Mortal,
  store: Store<Tx, Foreign>,
): MortalStore<Tx, Foreign> {
  const doings = new Doings<Tx>()
  const under = new Set<Promise<unknown>>()
  const owners = new Set<number>()
  // The folder is another one each time.
  const name = store.name.replaceAll(`${life.dir}/`, '')
  let users = 0
  const part = <Section extends object>(name: string, section: Section): Section =>
    new Proxy(section, {
      get: (target, key) => {
        const call: unknown = Reflect.get(target, key)
        if (typeof call !== 'function') return call
        return (...args: unknown[]) => {
          if (!life.alive) return never()
          doings.note(args[0], `${name}.${String(key)}${aboutOf(args.slice(1))}`)
          const answer = Promise.resolve(call.apply(target, args))
          if (key === 'register')
            answer.then(
              (owner) => owners.add(owner),
              () => undefined,
            )
          return life.heard(answer)
        }
      },
    })
  const mortal: Store<Tx, Foreign> = {
    name: store.name,
    async open() {
      // With a clock that lives on: what it has under way is brought to its end.
      await life.heard(store.open(nodeOs))
      users++
    },
    async close() {
      users--
      await life.heard(store.close())
    },
    transaction: (fn, options) => {
      if (!life.alive) return never()
      const done = store.transaction((tx) => work(life, doings, name, tx, fn), options)
      const ended = done.then(({ value, dies }) => {
        if (dies) life.die()
        return value
      })
      under.add(ended)
      ended.finally(() => under.delete(ended)).catch(() => undefined)
      return life.heard(ended)
    },
    onWork: (listener) => store.onWork((kind) => life.alive && listener(kind)),
    now: () => (life.alive ? life.heard(store.now()) : never()),
    outbox: part('outbox', store.outbox),
    fence: part('fence', store.fence),
    journal: part('journal', store.journal),
    parked: part('parked', store.parked),
    audit: part('audit', store.audit),
    barrier: part('barrier', store.barrier),
    transactions: part('transactions', store.transactions),
    retention: part('retention', store.retention),
  }
  const { expect } = store
  if (expect) mortal.expect = (tx, promise) => expect.call(store, tx, promise)
  return { mortal, end }

  async function end(): Promise<void> {
    await Promise.allSettled(under)
    if (users > 0) await Promise.allSettled([...owners].map((owner) => giveUp(owner)))
    for (; users > 0; users--) await store.close()
  }

  /** As when its lease had ended: nobody has to wait for that. */
  function giveUp(owner: number): Promise<void> {
    return store.transactions.unregister(owner)
  }
}

/** What is not committed when the process dies is rolled back. */
async function work<Tx, T>(
  life: Mortal,
  doings: Doings<Tx>,
  store: string,
  tx: Tx,
  fn: (tx: Tx) => Promise<T> | T,
): Promise<{ value: T; dies: boolean }> {
  doings.begin(tx)
  const died = life.death.then(() => {
    throw new Died()
  })
  const value = await Promise.race([fn(tx), died])
  const what = doings.end(tx)
  const when = life.begins(`commit of ${store}${what && `: ${what}`}`)
  if (when === 'before') {
    life.die()
    throw new Died()
  }
  return { value, dies: when === 'after' }
}

/** The operation or the ids that a call of the store is about. */
function aboutOf(about: unknown): string {
  if (Array.isArray(about)) return about.map(aboutOf).join('')
  const { id, gid, branch, op } = (about ?? {}) as Record<string, unknown>
  if (gid !== undefined) return ` ${gid}/${branch}/${op}`
  return id === undefined ? '' : ` ${id}`
}
