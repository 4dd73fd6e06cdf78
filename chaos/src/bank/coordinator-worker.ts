import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHufu, Failure, isHufuError } from 'hufu'
import { embedded } from 'hufu/transports/embedded'
import { debitAt, define } from './definitions.ts'
import { endWithParent, listen, say } from './front.ts'
import type { BankKind } from './options.ts'
import { fileOf, type Place, placeAt } from './place.ts'
import type { Transfer } from './transfer.ts'

/** What a coordinator is started with, as JSON. */
export interface CoordinatorStart {
  readonly kind: BankKind
  readonly url: string
  /** Of its broker, which has nothing to do here. */
  readonly folder: string
  readonly banks: readonly string[]
  readonly leaseMs: number
  /** A slow local transaction takes so long, ms. */
  readonly slowMs: number
}

/** A service with the coordinator in it, and a front to begin transfers. */
const start: CoordinatorStart = JSON.parse(process.argv[2] ?? '{}')
const { kind, url, folder, banks, leaseMs, slowMs } = start

/** Says how many transactions it takes over from others. */
function claimsSaid({ store }: Place): Place['store'] {
  const claim: typeof store.transactions.claim = async (request) => {
    const rows = await store.transactions.claim(request)
    if (rows.length > 0) say(`claimed ${rows.length}`)
    return rows
  }
  return { ...store, transactions: { ...store.transactions, claim } }
}

const place = placeAt(url)
const debit = debitAt(place)
const service = createHufu({
  service: 'transfers',
  store: claimsSaid(place),
  transport: embedded(folder),
  coordinator: { lease: leaseMs },
})

/** On SQLite it would keep everybody else from writing. */
const begin = define(service, kind, banks, async (tx, transfer) => {
  if (transfer.slow?.branch === 'out' && fileOf(url) === undefined) await sleep(slowMs)
  await debit(tx, transfer)
})

async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk)
    await begin(JSON.parse(Buffer.concat(chunks).toString()) as Transfer)
    res.writeHead(204).end()
  } catch (error) {
    // The message was stored, and is taken back: the sender's own transaction did not take place.
    const takenBack = error instanceof Failure || isHufuError(error, 'FENCED')
    res.writeHead(takenBack ? 204 : 503).end(takenBack ? undefined : String(error))
  }
}

endWithParent()
await service.start()
say(`ready ${await listen((req, res) => void take(req, res), 0)}`)
