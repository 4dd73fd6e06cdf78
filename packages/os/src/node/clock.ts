import type { Clock } from '../clock.ts'

/** The longest delay `setTimeout` takes; a longer one would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** The system's clocks. */
export const nodeClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  timer(ms, fn, options) {
    const dueMono = performance.now() + ms
    let handle: NodeJS.Timeout
    const arm = () => {
      const left = dueMono - performance.now()
      if (left <= 0) return fn()
      // setTimeout cuts fractions off and would fire up to 1 ms early.
      handle = setTimeout(arm, Math.min(Math.ceil(left), TIMEOUT_MS_MAX))
      if (options?.background) handle.unref()
    }
    handle = setTimeout(arm, Math.max(0, Math.min(Math.ceil(ms), TIMEOUT_MS_MAX)))
    if (options?.background) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  turn: (fn) => void setImmediate(fn),
}
