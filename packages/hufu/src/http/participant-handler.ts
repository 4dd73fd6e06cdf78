import { HufuError, messageOf } from '../errors.ts'
import { encode } from '../json.ts'
import { LIMITS } from '../limits.ts'
import { endedBy, onceIn } from '../ports/once.ts'
import type { Store } from '../ports/store.ts'
import { BadCall } from './bad-call.ts'
import { contextOf, inputOf, nameIn } from './incoming.ts'
import { failed, refused, succeeded } from './responses.ts'
import type { CallContext, ParticipantWorks, Works } from './works.ts'
import { worksOf } from './works.ts'

export interface ParticipantHandlerOptions {
  /** Of a call's body, bytes; a longer one is answered 413. Default: 1 MiB. */
  readonly bodyBytesMax?: number
  /** Longest transaction of a call, ms. Default: the store's limit. */
  readonly timeoutMs?: number
  /**
   * Whether the caller may call; false: 403. It sees address and headers, and leaves the body
   * alone. Default: everybody may.
   */
  readonly authorize?: (request: Request) => boolean | Promise<boolean>
  /** Told of works that threw what they did not mean to. Default: to standard error. */
  readonly onWarning?: (text: string) => void
}

/** A function from `Request` to `Response`, as Hono takes it. */
export type WebHandler = (request: Request) => Promise<Response>

type Call = (name: string, request: Request, url: URL) => Promise<unknown>

/**
 * The other end of `http()`, and of dtm's branch calls: does the works of `participants` in
 * transactions of `store`, behind its barrier; so repeats get the stored result, and an undoing
 * without anything to undo, or a work after its undoing, does nothing. The last segment of the path
 * names the participant. It never rejects. The store must be open.
 *
 * Answers 200 with the result as JSON (nothing for undefined), 409 for `fail()`, 425 for `later()`,
 * 400 for a bad query or body, 403, 404 for an unknown name, 405, 413, and 500 for anything else.
 */
export function participantHandler<Tx, Foreign>(
  store: Store<Tx, Foreign>,
  participants: Readonly<Record<string, ParticipantWorks<Tx>>>,
  options: ParticipantHandlerOptions = {},
): WebHandler {
  const call = caller(store, participants, options)
  const authorize = options.authorize ?? (() => true)
  const warn = options.onWarning ?? toStderr
  return async (request) => {
    const url = new URL(request.url)
    const name = nameIn(url)
    try {
      if (!(await authorize(request))) throw new BadCall(403, 'FORBIDDEN', 'Calling: not allowed')
      return succeeded(await call(name, request, url))
    } catch (error) {
      return answerTo(error, wordsFor(url, name), warn)
    }
  }
}

function caller<Tx, Foreign>(
  store: Store<Tx, Foreign>,
  participants: Readonly<Record<string, ParticipantWorks<Tx>>>,
  options: ParticipantHandlerOptions,
): Call {
  const works = worksOf(participants)
  const bytesMax = options.bodyBytesMax ?? LIMITS.payloadBytesMax
  if (!(bytesMax >= 1)) {
    throw new HufuError('ARGUMENT', `Making a participant: bodyBytesMax is ${bytesMax}`)
  }
  const { timeoutMs } = options
  const transactionOptions = timeoutMs === undefined ? {} : { timeoutMs }
  return async (name, request, url) => {
    const { ctx, work } = understood(works, name, request, url)
    const input = await inputOf(request, bytesMax)
    return onceIn(
      store,
      ctx,
      async (tx, ended) => checked(await work(...argumentsOf(tx, input, ended, ctx)), name, ctx),
      transactionOptions,
    )
  }
}

function understood(works: Works, name: string, request: Request, url: URL) {
  const found = works.get(name)
  if (!found) throw new BadCall(404, 'PARTICIPANT_UNKNOWN', `Calling ${name}: no such participant`)
  if (request.method !== 'POST') throw new BadCall(405, 'ARGUMENT', 'Calling: only POST is taken')
  const ctx = contextOf(request, url)
  const work = found[ctx.op]
  if (work) return { ctx, work: work.bind(found) }
  throw new BadCall(400, 'ARGUMENT', `Calling ${name}: it has no ${ctx.op}`)
}

function argumentsOf(tx: unknown, input: unknown, ended: unknown, ctx: CallContext): unknown[] {
  return endedBy(ctx.op) === undefined ? [tx, input, ctx] : [tx, input, ended, ctx]
}

/** Refuses, while it can be undone, a result that could not be answered. */
function checked(result: unknown, name: string, { op }: CallContext): unknown {
  const what = `Keeping what ${op} of ${name} returned`
  if (result !== undefined) encode(result, LIMITS.payloadBytesMax, what)
  return result
}

function answerTo(error: unknown, what: string, warn: (text: string) => void): Response {
  try {
    const response = refused(error)
    if (response) return response
    tell(warn, `${what}: ${messageOf(error)}`)
    return failed(error)
  } catch (unanswerable) {
    tell(warn, `${what}: ${messageOf(unanswerable)}`)
    return failed(unanswerable)
  }
}

function wordsFor({ searchParams }: URL, name: string): string {
  const [gid, branch, op] = ['gid', 'branch_id', 'op'].map((each) => searchParams.get(each))
  return `Handling ${op} of ${name} for ${gid}/${branch}`
}

/** In one line, whatever the caller has sent. */
function tell(warn: (text: string) => void, text: string): void {
  try {
    warn(text.replaceAll(/\p{Cc}+/gu, ' '))
  } catch {
    // The listener's own affair: the caller must be answered.
  }
}

function toStderr(text: string): void {
  process.stderr.write(`hufu: ${text}\n`)
}
