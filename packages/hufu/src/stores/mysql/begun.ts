import { whole } from './session.ts'
import type { LiveTx } from './tx.ts'

/** Journal rows that were begun to keep others off, and then not wanted, go before the commit. */
export async function discardBegun(tx: LiveTx): Promise<void> {
  for (const seq of tx.begun.values()) {
    await tx.session.run(`DELETE FROM hufu_journal WHERE seq = ? AND outcome = ''`, whole(seq))
  }
}
