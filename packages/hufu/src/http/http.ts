import { HufuError, messageOf } from '../errors.ts'
import { encodeText } from '../json.ts'
import { LIMITS } from '../limits.ts'
import type { Op, Participant, ParticipantRequest } from '../ports/participant.ts'
import type { Answer } from './answer.ts'
import { resultOf } from './answer.ts'
import { headersOf } from './call-headers.ts'
import type { Exchange, Outgoing } from './exchange.ts'
import { fetchExchange } from './fetch-exchange.ts'

import { pathOf, type Target, targetOf } from './target.ts'
import { undiciExchange } from './undici-exchange.ts'

/** Headers to send with a call; of a function: made for each call. */
export type CallHeaders<In = unknown, Out = unknown> =
  | Readonly<Record<string, string>>
  | ((
      request: ParticipantRequest<In, Out>,
    ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

export interface HttpOptions<In = unknown, Out = unknown> {
  /** What is sent as JSON, at most 1 MiB; undefined: nothing. Default: the input. */
  readonly body?: (request: ParticipantRequest<In, Out>) => unknown
  /** Besides those of the transaction, and before them. */
  readonly headers?: CallHeaders<In, Out>
  /**
   * Judge by the words of an answer too, as old dtm participants need it: one with `ONGOING` in it
   * is taken for 425, one with `FAILURE` for 409. Default: false.
   */
  readonly dtm?: boolean
  /** Of an answer, bytes; a longer result is an error. Default: 1 MiB. */
  readonly responseBytesMax?: number
  /** Instead of undici: for an own agent, certificates, a proxy. */
  readonly fetch?: typeof fetch
}

/**
 * A participant in another process, called as dtm calls branches: a POST with the input as JSON and
 * `gid`, `trans_type`, `branch_id` and `op` in the query. 2xx: done, the body being the result;
 * 409: refused (`fail`); 425: not yet (`later`); anything else, redirections too, is an error, and
 * the call is repeated. The time of a call is limited by the coordinator.
 *
 * `url`: http or https, one for all operations or one by operation; what is in its query is kept.
 * One that is none: `ARGUMENT`, of a function at its call.
 */
export function http<In = unknown, Out = unknown>(
  url: string | ((op: Op) => string),
  options: HttpOptions<In, Out> = {},
): Participant<In, Out> {
  const bytesMax = options.responseBytesMax ?? LIMITS.payloadBytesMax
  if (!(bytesMax >= 1)) {
    throw new HufuError('ARGUMENT', `Making an HTTP participant: responseBytesMax is ${bytesMax}`)
  }
  const exchange = options.fetch ? fetchExchange(options.fetch) : undiciExchange
  const known = typeof url === 'string' ? targetOf(url) : undefined
  return {
    kind: 'http',
    async call(request) {
      const target = known ?? targetOf((url as (op: Op) => string)(request.op))
      // Not the query: what is in it may be secret.
      const what = `Calling ${target.origin}${target.pathname} (${request.op})`
      const call = await outgoing(target, request, options, bytesMax, what)
      const answer = await exchanged(exchange, call, what)
      return resultOf(answer, what, options.dtm ?? false) as Out
    },
  }
}

async function outgoing<In, Out>(
  target: Target,
  request: ParticipantRequest<In, Out>,
  { body, headers: given }: HttpOptions<In, Out>,
  bytesMax: number,
  what: string,
): Promise<Outgoing> {
  const value = body ? body(request) : request.input
  const own = typeof given === 'function' ? await given(request) : (given ?? {})
  const headers = headersOf(request, own)
  const { signal } = request
  const call = { target, path: pathOf(target, request), headers, signal, bytesMax }
  if (value === undefined) return { ...call, body: undefined }
  headers['content-type'] = 'application/json'
  return { ...call, body: encodeText(value, LIMITS.payloadBytesMax, what) }
}

async function exchanged(exchange: Exchange, call: Outgoing, what: string): Promise<Answer> {
  try {
    return await exchange(call)
  } catch (error) {
    throw new Error(`${what}: ${wordsOf(call.signal, error)}`, { cause: error })
  }
}

/** `fetch failed` says nothing: the reason is in its cause. Of several addresses, none is told. */
function wordsOf(signal: AbortSignal, error: unknown): string {
  if (signal.aborted) return messageOf(signal.reason)
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return messageOf(error)
  return cause.message || String('code' in cause ? cause.code : cause)
}
