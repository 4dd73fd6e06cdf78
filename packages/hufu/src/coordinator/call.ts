import type { Clock } from '@hufu/os'
import { messageOf } from '../errors.ts'
import { hashOf } from '../json.ts'
import type { Call } from '../kinds/kind.ts'
import { Failure, Later } from '../outcome.ts'
import type { ParticipantRequest } from '../ports/participant.ts'

/** What came of a call; the coordinator adds time and chance and tells the kind. */
export type CallOutcome =
  | { readonly type: 'succeeded'; readonly result?: unknown }
  | {
      readonly type: 'refused'
      readonly code: string
      readonly detail: string
      readonly data?: unknown
    }
  | { readonly type: 'later'; readonly ms: number }
  | { readonly type: 'errored'; readonly detail: string }

/** Longest `later()`, ms: what is to be asked again in more than a year is asked in one. */
const LATER_MS_MAX = 365 * 86_400_000

type Request = Omit<ParticipantRequest, 'input'>

/** Words of an error that are kept, characters. */
const DETAIL_CHARS = 2_000

/** Makes the call and says what came of it; never rejects. One that hangs is given up in time. */
export function perform(
  clock: Clock,
  call: (request: Request) => Promise<unknown>,
  request: Omit<Request, 'signal'>,
  timeoutMs: number,
  abort: AbortController,
): Promise<CallOutcome> {
  return new Promise((resolve) => {
    const timer = clock.timer(timeoutMs, () => {
      const detail = `no answer within ${timeoutMs} ms`
      resolve({ type: 'errored', detail })
      abort.abort(new Error(detail))
    })
    const over = (outcome: CallOutcome) => {
      timer.cancel()
      resolve(outcome)
    }
    call({ ...request, signal: abort.signal }).then(
      (result) => over(outcomeOf(result)),
      (error) => over(outcomeOfError(error)),
    )
  })
}

function outcomeOf(result: unknown): CallOutcome {
  return result === undefined ? { type: 'succeeded' } : { type: 'succeeded', result }
}

function outcomeOfError(error: unknown): CallOutcome {
  if (error instanceof Later) return { type: 'later', ms: error.ms }
  const detail = messageOf(error).slice(0, DETAIL_CHARS)
  if (!(error instanceof Failure)) return { type: 'errored', detail }
  const { code, data } = error
  return { type: 'refused', code, detail, ...(data !== undefined && { data }) }
}

/**
 * The outcome, if it can be kept: a result or refusal that is no JSON, or too large, counts as an
 * error of the call, since the transaction's row holds it.
 */
export function keepable(outcome: CallOutcome, bytesMax: number): CallOutcome {
  if (outcome.type === 'later') return { type: 'later', ms: Math.min(outcome.ms, LATER_MS_MAX) }
  if (outcome.type === 'errored') return outcome
  const done = outcome.type === 'succeeded'
  const what = done ? 'what it returned' : 'the data of its refusal'
  try {
    const text = JSON.stringify(done ? outcome.result : outcome.data)
    if (text === undefined) return outcome
    const bytes = Buffer.byteLength(text)
    if (bytes > bytesMax) {
      return { type: 'errored', detail: `${what} has ${bytes} bytes, limit ${bytesMax}` }
    }
    // As it will be read from the store, and not shared with whoever returned it.
    const kept: unknown = JSON.parse(text)
    return done ? { ...outcome, result: kept } : { ...outcome, data: kept }
  } catch (error) {
    return { type: 'errored', detail: `${what} is no JSON: ${messageOf(error)}` }
  }
}

/** What a call is given of the state: it may write into it without harm. */
export function copyOf(results: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = Object.keys(results)
  // They are JSON: to write and read it costs a third of `structuredClone`.
  return names.length === 0 ? {} : JSON.parse(JSON.stringify(results))
}

/** The barrier's column, characters. */
const GID_CHARS_MAX = 128

/** Names a transaction among those of all services. */
export function gidOf(service: string, id: string): string {
  const gid = `${service}/${id}`
  return gid.length <= GID_CHARS_MAX ? gid : hashOf(Buffer.from(gid))
}

/** Names a call among those of one transaction. */
export function nameOfCall({ branch, op }: Pick<Call, 'branch' | 'op'>): string {
  return `${branch}/${op}`
}
