import type { TestContext } from 'node:test'

/**
 * Says that a test needs something this machine does not have (a mount, another user, a server),
 * and skips it with the reason printed. With `HUFU_NO_SKIP=1` the test fails instead, so that a run
 * which must prove everything does. Use: `if (!has) return cannotRunHere(t, 'no …')`.
 */
export function cannotRunHere(t: TestContext, reason: string): void {
  if (process.env.HUFU_NO_SKIP === '1') {
    throw new Error(`Cannot skip '${t.name}' (HUFU_NO_SKIP=1): ${reason}`)
  }
  t.skip(`cannot run here: ${reason}`)
}
