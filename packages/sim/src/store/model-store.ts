import type { Os } from '@hufu/os'
import { HufuError, type Store } from 'hufu'
import { createAudit } from './audit.ts'
import { createBarrier } from './barrier.ts'
import type { Database } from './database.ts'
import { createFence } from './fence.ts'
import { createJournal } from './journal.ts'
import { createOutbox } from './outbox.ts'
import { createParked } from './parked.ts'
import { createRetention } from './retention.ts'
import { Session } from './session.ts'
import { createTransactions } from './transactions.ts'
import type { ModelTx } from './tx.ts'

export type ModelStore = Store<ModelTx>

/** A store on a model database; several may share one, as processes do. */
export function modelStore(database: Database): ModelStore {
  let session: Session | undefined
  let users = 0
  const listeners = new Set<() => void>()
  const opened = () => {
    if (session) return session
    throw new HufuError('CLOSED', `Using ${database.name}: the store is not open`)
  }
  return {
    name: `model ${database.name}`,
    async open(os: Os) {
      users++
      session ??= new Session(database, os, () => {
        for (const listener of listeners) listener()
      })
    },
    async close() {
      if (users === 0 || --users > 0) return
      session = undefined
    },
    async transaction(fn, { timeoutMs } = {}) {
      return opened().run(fn, timeoutMs)
    },
    onWork(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    now: async () => database.now(),
    outbox: createOutbox(opened),
    fence: createFence(opened),
    journal: createJournal(opened),
    parked: createParked(opened),
    audit: createAudit(opened),
    barrier: createBarrier(opened),
    transactions: createTransactions(opened),
    retention: createRetention(opened),
  }
}
