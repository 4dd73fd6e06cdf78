import { nodeOs } from '@hufu/os'
import { durationMs } from '../duration.ts'
import { HufuError } from '../errors.ts'
import type { WeakGuard } from './guard.ts'
import type { WeakOptions } from './lock.ts'
import { memoryGuard } from './memory-guard.ts'

export interface WeakToken extends WeakGuard {
  /** A new token, good for one use within the time to live. */
  issue(): Promise<string>
  /**
   * Runs `fn` if the token is good, and uses it up; `TOKEN_USED` otherwise. A throw gives it back.
   */
  run<T>(token: string, fn: () => Promise<T> | T): Promise<T>
}

const FREE = 'free'

/**
 * Weak idempotency by a token that is fetched first. An expired token is refused, but nothing knows
 * what was done with it: whoever then fetches a new one may do the thing twice. Put a unique index
 * behind it. With messages the producer sends it in the header `token`.
 */
export function weakToken(options: WeakOptions): WeakToken {
  const os = options.os ?? nodeOs
  const ttlMs = durationMs(options.ttl, 'weakToken ttl')
  const store = options.store ?? memoryGuard(os.clock)
  const begin: WeakGuard['begin'] = async (key, token) => {
    if (token === undefined)
      throw new HufuError('TOKEN_MISSING', `Using a token for ${key}: none came`)
    const name = `token ${token}`
    if (await store.swap(name, FREE, `used ${key}`, ttlMs)) {
      return { state: 'mine', mark: `${name}\nused ${key}` }
    }
    const found = await store.setIfAbsent(name, 'unknown', 1)
    if (found === `used ${key}`) return { state: 'busy' }
    const done = `done ${key} `
    if (found?.startsWith(done)) return { state: 'done', result: found.slice(done.length) }
    throw new HufuError('TOKEN_USED', `Using a token for ${key}: it is unknown, expired or used`)
  }
  const change = async (mark: string, to: (used: string) => string) => {
    const at = mark.indexOf('\n')
    const used = mark.slice(at + 1)
    await store.swap(mark.slice(0, at), used, to(used), ttlMs)
  }
  const finish = (mark: string, result: string) =>
    change(mark, (used) => `done ${used.slice('used '.length)} ${result}`)
  const release = (mark: string) => change(mark, () => FREE)
  return {
    begin,
    finish,
    release,
    async issue() {
      const token = os.random.id()
      await store.setIfAbsent(`token ${token}`, FREE, ttlMs)
      return token
    },
    async run(token, fn) {
      const begun = await begin('run', token)
      if (begun.state !== 'mine') {
        throw new HufuError('TOKEN_USED', `Using a token: it is ${begun.state} already`)
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
