import { messageOf } from '../errors.ts'
import { decode } from '../json.ts'
import type { Op } from '../ports/participant.ts'
import type { TransactionKind } from '../ports/transactions.ts'
import { checkBarrierKey } from '../ports/transactions.ts'
import { BadCall } from './bad-call.ts'
import { readBytes } from './read-bytes.ts'
import type { CallContext } from './works.ts'

const KINDS: ReadonlySet<string> = new Set<TransactionKind>(['saga', 'tcc', 'msg'])
const OPS: ReadonlySet<string> = new Set<Op>(['action', 'compensate', 'try', 'confirm', 'cancel'])

/** Name of the participant that is called: the last segment of the path. */
export function nameIn({ pathname }: URL): string {
  try {
    return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1))
  } catch {
    return ''
  }
}

/** What the query and the headers say of a call; what is missing or too long is answered 400. */
export function contextOf(request: Request, { searchParams }: URL): CallContext {
  const gid = searchParams.get('gid') ?? ''
  const kind = searchParams.get('trans_type') ?? ''
  const branch = searchParams.get('branch_id') ?? ''
  const op = searchParams.get('op') ?? ''
  if (!isKind(kind)) throw badQuery(`trans_type must be one of ${[...KINDS].join(', ')}`)
  if (!isOp(op)) throw badQuery(`op must be one of ${[...OPS].join(', ')}`)
  try {
    checkBarrierKey({ kind, gid, branch, op, barrier: '01' })
  } catch (error) {
    throw badQuery(messageOf(error))
  }
  const attempt = Number(request.headers.get('hufu-attempt'))
  return {
    id: ownId(request.headers.get('hufu-transaction')) ?? gid,
    gid,
    kind,
    branch,
    op,
    attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 1,
    headers: Object.fromEntries(request.headers),
    refusalLasts: request.headers.get('hufu-refusal') === 'lasts',
    signal: request.signal,
  }
}

/** What the transaction is called in its own service, which need not be said. */
function ownId(header: string | null): string | undefined {
  if (header === null) return undefined
  try {
    return decodeURIComponent(header)
  } catch {
    throw badQuery('the header hufu-transaction is not encoded as in an address')
  }
}

function badQuery(text: string): BadCall {
  return new BadCall(400, 'ARGUMENT', `Reading the query: ${text}`)
}

function isKind(text: string): text is TransactionKind {
  return KINDS.has(text)
}

function isOp(text: string): text is Op {
  return OPS.has(text)
}

/** The body as JSON; nothing: undefined. */
export async function inputOf(request: Request, bytesMax: number): Promise<unknown> {
  const announced = Number(request.headers.get('content-length'))
  if (announced > bytesMax) throw tooLarge(bytesMax)
  const { bytes, whole } = await read(request, bytesMax)
  if (!whole) throw tooLarge(bytesMax)
  if (bytes.length === 0) return undefined
  try {
    return decode(bytes)
  } catch (error) {
    throw new BadCall(400, 'PAYLOAD_NOT_JSON', `Reading the body: ${messageOf(error)}`)
  }
}

async function read(request: Request, bytesMax: number) {
  try {
    return await readBytes(request.body, bytesMax)
  } catch (error) {
    throw new BadCall(400, 'ARGUMENT', `Reading the body: ${messageOf(error)}`)
  }
}

function tooLarge(bytesMax: number): BadCall {
  return new BadCall(413, 'LIMIT', `Reading the body: more than ${bytesMax} bytes`)
}
