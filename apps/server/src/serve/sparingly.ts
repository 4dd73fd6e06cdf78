import type { Clock } from '@hufu/os'

/** Others may cause a thing that is said; so it is said once in so many ms at most. */
const EVERY_MS = 1_000

/** Says the first, then at most one a second, with how many went unsaid since the last. */
export function sparingly<T>(
  clock: Clock,
  say: (what: T, unsaid: number) => void,
): (what: T) => void {
  let unsaid = 0
  let nextMono = Number.NEGATIVE_INFINITY
  return (what) => {
    const now = clock.mono()
    if (now < nextMono) {
      unsaid++
      return
    }
    nextMono = now + EVERY_MS
    say(what, unsaid)
    unsaid = 0
  }
}
