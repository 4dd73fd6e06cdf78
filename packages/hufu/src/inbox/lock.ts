import type { Os } from '@hufu/os'
import { nodeOs } from '@hufu/os'
import type { Duration } from '../duration.ts'
import { durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { GuardStore } from '../ports/guard.ts'
import type { WeakGuard } from './guard.ts'
import { memoryGuard } from './memory-guard.ts'

export interface WeakOptions {
  /** A mark is forgotten after this time; then a repeat goes through. */
  readonly ttl: Duration
  /** Where marks are kept. Default: in this process. */
  readonly store?: GuardStore
  readonly os?: Os
}

export interface WeakLock extends WeakGuard {
  /** Runs `fn` unless somebody runs it, or ran it, under this key; those get `LOCK_HELD`. */
  run<T>(key: string, fn: () => Promise<T> | T): Promise<T>
}

/**
 * Weak idempotency by a short lock. It lets a repeat through after its time to live, after a
 * restart (memory), or from another process (memory): put a unique index behind it.
 */
export function weakLock(options: WeakOptions): WeakLock {
  const os = options.os ?? nodeOs
  const ttlMs = durationMs(options.ttl, 'weakLock ttl')
  const store = options.store ?? memoryGuard(os.clock)
  const begin: WeakGuard['begin'] = async (key) => {
    const running = `running ${os.random.id()}`
    const found = await store.setIfAbsent(key, running, ttlMs)
    if (found === undefined) return { state: 'mine', mark: `${running}\n${key}` }
    if (!found.startsWith('done ')) return { state: 'busy' }
    return { state: 'done', result: found.slice('done '.length) }
  }
  const change = async (mark: string, to: string | undefined) => {
    const at = mark.indexOf('\n')
    await store.swap(mark.slice(at + 1), mark.slice(0, at), to, ttlMs)
  }
  const finish = (mark: string, result: string) => change(mark, `done ${result}`)
  const release = (mark: string) => change(mark, undefined)
  return {
    begin,
    finish,
    release,
    async run(key, fn) {
      const begun = await begin(key, undefined)
      if (begun.state !== 'mine') {
        throw new HufuError('LOCK_HELD', `Running under the lock ${key}: it is ${begun.state}`)
      }
      try {
        const value = await fn()
        await finish(begun.mark, 'null')
        return value
      } catch (error) {
        await release(begun.mark)
        throw error
      }
    },
  }
}
