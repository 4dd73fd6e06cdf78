import { HufuError } from '../errors.ts'
import type { ParticipantRequest } from '../ports/participant.ts'

/** Where calls go: an address, taken apart once. */
export interface Target {
  readonly secure: boolean
  readonly hostname: string
  /** Empty: the usual one. */
  readonly port: string
  readonly origin: string
  readonly pathname: string
  /** Its own query, with its question mark; may be empty. */
  readonly search: string
}

/** Refuses what is no address: `ARGUMENT`. */
export function targetOf(text: string): Target {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new HufuError('ARGUMENT', `Making an HTTP participant: "${text}" is no http address`)
  }
  if (url.username !== '' || url.password !== '') {
    const words = 'an address may hold no password, give it as a header'
    throw new HufuError('ARGUMENT', `Making an HTTP participant: ${words}`)
  }
  const { protocol, hostname, port, origin, pathname, search } = url
  return { secure: protocol === 'https:', hostname, port, origin, pathname, search }
}

/** Path and query of a call, as dtm has them; what else is in the query is kept. */
export function pathOf(
  { pathname, search }: Target,
  { id, gid = id, kind, branch, op }: ParticipantRequest,
): string {
  const query = new URLSearchParams(search)
  query.set('gid', gid)
  query.set('trans_type', kind)
  query.set('branch_id', branch)
  query.set('op', op)
  return `${pathname}?${query}`
}
