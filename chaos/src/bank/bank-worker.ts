import { setTimeout as sleep } from 'node:timers/promises'
import { nodeOs } from '@hufu/os'
import type { CallContext, ParticipantWorks, WebHandler } from 'hufu/http'
import { participantHandler, toNode } from 'hufu/http'
import { book } from './books.ts'
import { endWithParent, listen, say } from './front.ts'
import { type Place, placeAt } from './place.ts'
import type { Branch, Transfer } from './transfer.ts'

/** What a bank is started with, as JSON. */
export interface BankStart {
  readonly url: string
  readonly port: number
  /** A slow call is held up for so long, ms. */
  readonly slowMs: number
  readonly withoutBarrier: boolean
}

/** A bank: participants over HTTP, working on books of its own. */
const { url, port, slowMs, withoutBarrier }: BankStart = JSON.parse(process.argv[2] ?? '{}')

function worksAt({ sql }: Place): Record<string, ParticipantWorks<unknown>> {
  const work = async (tx: unknown, input: unknown, ctx: CallContext) => {
    const { id: gid, branch, op } = ctx
    const leg = (input as Transfer).legs[branch as Branch]
    await book(sql(tx), { gid, branch, op, leg })
    return { op, cents: leg.cents }
  }
  const end = (tx: unknown, input: unknown, _result: unknown, ctx: CallContext) =>
    work(tx, input, ctx)
  return {
    saga: { action: work, compensate: end },
    tcc: { try: work, confirm: end, cancel: end },
  }
}

/** Holds up the calls that are to be slow; their caller has then gone, the work is done anyway. */
function slowly(handler: WebHandler): WebHandler {
  return async (request) => {
    const body = await request.text()
    const { searchParams } = new URL(request.url)
    const attempt = Number(request.headers.get('hufu-attempt'))
    const { slow } = JSON.parse(body) as Transfer
    const meant =
      slow !== undefined &&
      slow.branch === searchParams.get('branch_id') &&
      slow.op === searchParams.get('op') &&
      attempt <= slow.attempts
    if (meant && slow.what === 'request') await sleep(slowMs)
    const { method, headers } = request
    // One that is held up takes effect though its caller has long gone.
    const signal = meant ? null : request.signal
    const response = await handler(new Request(request.url, { method, headers, body, signal }))
    if (meant && slow.what === 'answer') await sleep(slowMs)
    return response
  }
}

/** Every call is a new one to it. */
function unguarded(place: Place): Place {
  const barrier: Place['store']['barrier'] = {
    enter: async () => 'go',
    keep: async () => {},
    result: async () => undefined,
  }
  return { ...place, store: { ...place.store, barrier } }
}

endWithParent()
const place = placeAt(url)
await place.store.open(nodeOs)
const { store } = withoutBarrier ? unguarded(place) : place
const handler = participantHandler(store, worksAt(place))
say(`ready ${await listen(toNode(slowly(handler)), port)}`)
