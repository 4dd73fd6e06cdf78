import type { Clock } from '@hufu/os'
import type { GuardStore } from '../ports/guard.ts'

interface Mark {
  value: string
  until: number
}

/** Marks kept in this process: gone when it ends, unknown to every other process. */
export function memoryGuard(clock: Clock, marksMax = 100_000): GuardStore {
  const marks = new Map<string, Mark>()
  const valid = (key: string) => {
    const mark = marks.get(key)
    return mark && mark.until > clock.mono() ? mark : undefined
  }
  const put = (key: string, value: string, ttlMs: number) => {
    // Taken out first, so that the map stays in the order of setting.
    marks.delete(key)
    marks.set(key, { value, until: clock.mono() + ttlMs })
    const oldest = marks.keys().next().value!
    if (marks.size > marksMax || !valid(oldest)) marks.delete(oldest)
  }
  return {
    async setIfAbsent(key, value, ttlMs) {
      const mark = valid(key)
      if (!mark) put(key, value, ttlMs)
      return mark?.value
    },
    async swap(key, from, to, ttlMs) {
      if (valid(key)?.value !== from) return false
      if (to === undefined) marks.delete(key)
      else put(key, to, ttlMs)
      return true
    },
  }
}
