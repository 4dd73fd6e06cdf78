import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
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

/** Undefined: it has skipped the test, as there is no server. */
export type MakeTransport = (t: TestContext) => Promise<TransportFixture | undefined>

/**
 * What every transport must hold, as its user sees it; a rule that needs a flag is checked where
 * the flag is set. Call it in a file that `node --test` runs.
 */
export function transportContract(name: string, makeTransport: MakeTransport): void {
  describe(`transport contract: ${name}`, () => {
    for (const [rule, holds] of Object.entries({
      ...DELIVERY_RULES,
      ...SETTLE_RULES,
      ...PREPARED_RULES,
    })) {
      it(rule, (t) => withTransport(t, makeTransport, holds))
    }
    it('each open wants its own close', async (t) => {
      const fixture = await makeTransport(t)
      if (!fixture) return
      const { transport, remove } = fixture
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
  t: TestContext,
  makeTransport: MakeTransport,
  holds: TransportRule,
): Promise<void> {
  const fixture = await makeTransport(t)
  if (!fixture) return
  const { transport, remove } = fixture
  await transport.open()
  try {
    await transport.declare('e', ['a', 'b'])
    await holds(transport)
  } finally {
    await transport.close()
    await remove()
  }
}
