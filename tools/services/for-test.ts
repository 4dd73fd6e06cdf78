import type { TestContext } from 'node:test'
import { cannotRunHere } from '../skip.ts'
import type { Running, ServiceName } from './service.ts'
import { missingVariable, ServiceMissing, urlVariable } from './service.ts'
import { startService } from './start.ts'

/** Servers of a test file that was not started by `npm test`; they end with this process. */
const started = new Map<ServiceName, Promise<Running>>()

/**
 * Address of the one server of this run, for tests that make their own database in it. Undefined
 * when there is none: the test is skipped then, and returns. `HUFU_POSTGRES_URL` and its like take
 * a server that is there already; the user in it must be allowed to make databases.
 */
export async function shared(t: TestContext, name: ServiceName): Promise<string | undefined> {
  const given = process.env[urlVariable(name)]
  if (given) return given
  return orSkip(t, async () => {
    const missing = process.env[missingVariable(name)]
    if (missing) throw new ServiceMissing(missing)
    if (!started.has(name)) started.set(name, startService(name))
    return (await started.get(name))?.url
  })
}

/** A server of its own, for a test that kills it; stopped after the test. Undefined = skipped. */
export function ownService(t: TestContext, name: ServiceName): Promise<Running | undefined> {
  return orSkip(t, async () => {
    const service = await startService(name)
    t.after(() => service.stop())
    return service
  })
}

async function orSkip<T>(t: TestContext, start: () => Promise<T>): Promise<T | undefined> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof ServiceMissing)) throw error
    cannotRunHere(t, error.message)
    return undefined
  }
}
