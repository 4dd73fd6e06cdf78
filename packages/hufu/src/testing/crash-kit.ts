import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeOs, sleep } from '@hufu/os'
import { type Duration, durationMs } from '../duration.ts'
import { HufuError, messageOf } from '../errors.ts'
import type { Death } from './crash-kit-death.ts'
import { Life } from './crash-kit-life.ts'

/** What the kit needs of a Hufu. */
interface Running {
  readonly transactions: {
    counts(): Promise<{ running: number; parked: number; inDoubt: number }>
  }
  stop(options?: { drainMs?: Duration }): Promise<void>
}

/** A process that has started. */
export interface CrashProcess {
  readonly hufu: Running
  /** What a user asks for: begins the transactions under test, under fixed ids. */
  begin(): Promise<unknown>
}

export interface CrashOptions<P extends CrashProcess> {
  /**
   * Throws when a promise is broken. Called when everything has ended, with the process that is
   * running then.
   */
  readonly invariant: (process: P, life: Life) => Promise<void> | void
  /** Whether `begin` is called again after the crash, as somebody without an answer would. */
  readonly again?: boolean
  /** After a crash everything must have ended in this time. Default 10 s. */
  readonly within?: Duration
  /** Effects of one run; more are refused with `LIMIT`. Default 1,000. */
  readonly effectsMax?: number
}

export interface CrashFailure {
  /** The effect at which the process died; undefined: it failed without any crash. */
  readonly effect: string | undefined
  readonly nth: number
  readonly when: Death['when'] | undefined
  readonly error: Error
}

export interface CrashReport {
  /** Of the run without a crash, in order. */
  readonly effects: readonly string[]
  /** Processes that died. */
  readonly crashes: number
  readonly failures: readonly CrashFailure[]
  /** A line for each failure; empty when there is none. */
  readonly text: string
}

const TICK_MS = 2
const EFFECTS_MAX = 1_000

/**
 * Runs a service once without a crash, then once for each effect with a crash right before it, and
 * once right after it. An effect is a commit of a store, a call of a participant, or what the
 * service says to be one (`life.effect`). In each try `start` is called for a new folder, then
 * `begin`; the process dies; `start` is called again on the same data; everything must end, and the
 * invariant must hold. No process is killed: a dead one hears nothing any more, and what it still
 * does has no effect, as long as all its effects go through `life`.
 *
 * Errors: `LIMIT`. What fails in the service is in the report, not thrown.
 */
export async function crashEverywhere<P extends CrashProcess>(
  start: (life: Life) => Promise<P>,
  options: CrashOptions<P>,
): Promise<CrashReport> {
  const kit = new CrashKit(start, options)
  return kit.run()
}

class CrashKit<P extends CrashProcess> {
  readonly #start: (life: Life) => Promise<P>
  readonly #options: CrashOptions<P>
  readonly #withinMs: number
  readonly #failures: CrashFailure[] = []
  #crashes = 0

  constructor(start: (life: Life) => Promise<P>, options: CrashOptions<P>) {
    this.#start = start
    this.#options = options
    this.#withinMs = durationMs(options.within ?? '10s', 'within')
  }

  async run(): Promise<CrashReport> {
    const { effects } = await this.#try(undefined)
    // What fails without a crash fails with one.
    if (this.#failures.length > 0) return this.#report(effects)
    const max = this.#options.effectsMax ?? EFFECTS_MAX
    for (let nth = 1; ; nth++) {
      if (nth > max) throw new HufuError('LIMIT', `Crashing everywhere: over ${max} effects`)
      const crashes = this.#crashes
      await this.#try({ nth, when: 'before' })
      await this.#try({ nth, when: 'after' })
      // Neither came so far: that was the last effect.
      if (crashes === this.#crashes) return this.#report(effects)
    }
  }

  #report(effects: readonly string[]): CrashReport {
    const failures = this.#failures
    return { effects, crashes: this.#crashes, failures, text: failures.map(lineOf).join('\n') }
  }

  async #try(death: Death | undefined): Promise<Life> {
    const dir = await mkdtemp(join(tmpdir(), 'hufu-crash-'))
    const first = new Life(dir, 1, death)
    let last = first
    try {
      await Promise.race([this.#live(first), first.death])
      if (!first.alive) {
        this.#crashes++
        await first.bury()
        last = new Life(dir, 2, undefined)
        await this.#live(last)
      }
    } catch (error) {
      this.#fail(first, death, error)
    } finally {
      await last.bury()
      await rm(dir, { recursive: true, force: true })
    }
    return first
  }

  /** Starts, begins, waits for the end and looks at what has come of it. */
  async #live(life: Life): Promise<void> {
    const { again = false, invariant } = this.#options
    const process = await life.heard(this.#start(life))
    // In the second life whoever begins may have been answered already.
    if (life.number === 1 || again) await life.heard(process.begin())
    await this.#ended(process)
    life.ends()
    await life.heard(Promise.resolve(invariant(process, life)))
    await life.heard(process.hufu.stop({ drainMs: 0 }))
  }

  async #ended({ hufu }: P): Promise<void> {
    const { clock } = nodeOs
    const until = clock.mono() + this.#withinMs
    for (;;) {
      const { running, parked, inDoubt } = await hufu.transactions.counts()
      if (running + parked + inDoubt === 0) return
      if (clock.mono() > until) {
        const counts = `${running} running, ${parked} parked, ${inDoubt} in doubt`
        throw new Error(`Not all has ended after ${this.#withinMs} ms: ${counts}`)
      }
      await sleep(clock, TICK_MS)
    }
  }

  #fail(life: Life, death: Death | undefined, error: unknown): void {
    const { nth = 0, when } = death ?? {}
    const failure = error instanceof Error ? error : new Error(messageOf(error))
    this.#failures.push({ effect: life.effects[nth - 1], nth, when, error: failure })
  }
}

function lineOf({ effect, nth, when, error }: CrashFailure): string {
  if (when === undefined) return `Without a crash: ${error.message}`
  return `Crash ${when} effect ${nth} (${effect}): ${error.message}`
}
