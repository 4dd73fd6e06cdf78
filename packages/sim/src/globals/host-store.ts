import { type Clock, sleep } from '@hufu/os'
import { HufuError } from 'hufu'
import type { Database } from '../store/database.ts'
import type { ModelStore } from '../store/model-store.ts'
import { ModelTx } from '../store/tx.ts'
import type { Gate, Surroundings } from './gate.ts'
import { never } from './host.ts'

/** Longest time by which a commit follows its error, ms. */
const LATE_COMMIT_MS = 3_000

interface HostStoreParts {
  readonly inner: ModelStore
  readonly database: Database
  readonly gate: Gate
  /** Of the machine on which the database is. */
  readonly clock: Clock
  readonly around: Surroundings
  /** Told of what a coordinator saves in which transaction. */
  readonly onSave: (tx: ModelTx, owner: number, ids: readonly string[]) => void
  /** The coordinator that this process is now. */
  readonly onRegister: (owner: number) => void
}

/** The office's store as one process sees it: each call may fail, or be its last. */
export function hostStore(parts: HostStoreParts): ModelStore {
  const { inner, gate, onSave, onRegister, around } = parts
  const open = new Set<ModelTx>()
  gate.host.onDeath(() => {
    for (const tx of open) parts.database.end(tx, 'its process has ended')
  })
  const transactions = gated(gate, inner.transactions)
  const fence = gated(gate, inner.fence)
  return {
    ...inner,
    open: () => gate.host.heard(inner.open(gate.host.os)),
    close: () => gate.host.heard(inner.close()),
    transaction: (fn, options) => transaction(parts, open, fn, options),
    now: () => gate.store('now', () => inner.now()),
    // Nothing grows old in this world, and it has no messages.
    retention: { purge: async () => 0 },
    outbox: { ...inner.outbox, claim: async () => undefined, waiting: async () => 0 },
    barrier: gated(gate, inner.barrier),
    audit: gated(gate, inner.audit),
    fence: {
      async write(tx, key, word) {
        const stands = await fence.write(tx, key, word)
        if (word === 'rolledBack' && stands === 'committed') around.mark('checkedCommitted')
        return stands
      },
    },
    transactions: {
      ...transactions,
      async register(leaseMs) {
        const owner = await transactions.register(leaseMs)
        onRegister(owner)
        return owner
      },
      async save(tx, owner, saves) {
        onSave(
          tx,
          owner,
          saves.map(({ id }) => id),
        )
        const lost = await transactions.save(tx, owner, saves)
        if (lost.length > 0) around.mark('fencedSave')
        return lost
      },
    },
  }
}

function transaction<T>(
  { inner, database, gate, clock, around }: HostStoreParts,
  open: Set<ModelTx>,
  fn: (tx: ModelTx) => Promise<T> | T,
  options?: { timeoutMs?: number },
): Promise<T> {
  const early = () => gate.rolls('early', around.setting.storeEarly)
  const run = (onError: (error: Error) => void) =>
    inner.transaction(async (tx) => {
      if (!gate.host.alive) {
        database.end(tx, 'its process has ended')
        return never<T>()
      }
      open.add(tx)
      const value = await fn(tx)
      const death = gate.dies('store')
      if (death === 'before') {
        gate.die('store')
        return never<T>()
      }
      // The database has been told to commit: from here on it does so by itself.
      open.delete(tx)
      if (death === 'after') gate.die('store')
      if (early()) {
        around.mark('commitAfterError')
        onError(new HufuError('COMMIT_UNKNOWN', 'By chance: the connection was lost in it'))
        await sleep(clock, gate.roll('early ms') * LATE_COMMIT_MS)
      }
      return value
    }, options)
  return gate.store('transaction', () => {
    return new Promise((resolve, reject) => void run(reject).then(resolve, reject))
  })
}

type Calls = Record<string, (...args: never[]) => Promise<unknown>>

/** The same calls, each through the gate. */
function gated<Section>(gate: Gate, section: Section): Section {
  const calls = Object.entries(section as Calls).map(([name, call]) => {
    const through = (...args: never[]) => {
      return gate.store(name, () => call(...args), (args[0] as unknown) instanceof ModelTx)
    }
    return [name, through]
  })
  return Object.fromEntries(calls) as Section
}
