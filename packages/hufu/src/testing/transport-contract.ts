import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Transport } from '../ports/transport.ts'
import { DELIVERY_RULES } from './delivery-contract.ts'
import { PREPARED_RULES } from './prepared-contract.ts'
import { SETTLE_RULES } from './settle-contract.ts'
import type { TransportRule } from './transport-rule.ts'

/** A fresh transport, not yet open, and what removes it and its data. */
export interface TransportFixture {
  readonly transport: Transport
  readonly remove: () => Promise<void> | void
}

/**
 * What every transport must hold, as its user sees it; a rule that needs a flag is checked where
 * the flag is set. Call it in a file that `node --test` runs.
 */
export function transportContract(
  name: string,
  makeTransport: () => Promise<TransportFixture>,
): void {
  describe(`transport contract: ${name}`, () => {
    for (const [rule, holds] of Object.entries({
      ...DELIVERY_RULES,
      ...SETTLE_RULES,
      ...PREPARED_RULES,
    })) {
      it(rule, () => withTransport(makeTransport, holds))
    }
    it('each open wants its own close', async () => {
      const { transport, remove } = await makeTransport()
      await transport.open()
      await transport.open()
      await transport.close()
      await transport.declare('e', ['a'])
      await transport.close()
      await assert.rejects(async () => transport.declare('e', ['a']))
      await remove()
    })
  })
}

async function withTransport(
  makeTransport: () => Promise<TransportFixture>,
  holds: TransportRule,
): Promise<void> {
  const { transport, remove } = await makeTransport()
  await transport.open()
  try {
    await transport.declare('e', ['a', 'b'])
    await holds(transport)
  } finally {
    await transport.close()
    await remove()
  }
}
