import type { Hufu, Participant, ParticipantRequest } from 'hufu'
import { http } from 'hufu/http'
import { book } from './books.ts'
import type { BankKind } from './options.ts'
import type { Place } from './place.ts'
import { DEFINITIONS } from './plan.ts'
import type { Branch, Transfer } from './transfer.ts'
import { transferSchema } from './transfer.ts'

type Service = Hufu<unknown, unknown>

/** Begins a transfer: when this resolves it is stored. */
export type Begin = (transfer: Transfer) => Promise<unknown>

const INSIST = { max: 1_000_000, first: 100, cap: '3s' } as const
const HASTY = { max: 3, first: 200, cap: '1s' } as const

/** Longest call where slow ones are meant to be given up; else it is the default of 10 s. */
const SHORT = { timeout: '2500ms' } as const
const PATIENT = { retry: INSIST, insist: INSIST } as const

const OPTIONS = {
  [DEFINITIONS.patient]: PATIENT,
  [DEFINITIONS.brisk]: { ...PATIENT, ...SHORT },
  [DEFINITIONS.hasty]: { ...PATIENT, ...SHORT, retry: HASTY },
  [DEFINITIONS.due]: { ...PATIENT, ...SHORT, deadline: '8s' },
} as const

/** How the word of a local transaction is asked for when it does not come. */
const CHECK = { after: '2s', every: '1s', max: 1_000_000 } as const

/** The bank that has the account of this branch. */
function banks(urls: readonly string[], kind: BankKind): Participant<Transfer> {
  const each = urls.map((url) => http<Transfer>(`${url}/${kind === 'tcc' ? 'tcc' : 'saga'}`))
  const call = (request: ParticipantRequest<Transfer>) => {
    const { bank } = request.input.legs[request.branch as Branch]
    return each[bank]!.call(request)
  }
  return { kind: 'http', call }
}

/** Defines the transfers of a kind; call what it returns once Hufu is started. */
export function define(
  service: Service,
  kind: BankKind,
  urls: readonly string[],
  beginLocally: (tx: unknown, transfer: Transfer) => Promise<void>,
): Begin {
  const bank = banks(urls, kind)
  if (kind === 'message') return defineMessage(service, bank, beginLocally)
  const handles = kind === 'saga' ? defineSagas(service, bank) : defineTccs(service, bank)
  return (transfer) => {
    const handle = handles.get(transfer.definition)!
    return handle.begin(transfer, { id: transfer.id })
  }
}

function defineSagas(service: Service, bank: Participant<Transfer>) {
  const step = { do: bank, undo: bank }
  const handles = Object.entries(OPTIONS).map(([name, options]) =>
    service.saga(
      name,
      transferSchema,
      (transfer) => transfer.step('out', step).step('in', step).pivot('fee', { do: bank }),
      options,
    ),
  )
  const tail = service.saga(
    DEFINITIONS.tail,
    transferSchema,
    (transfer) =>
      transfer.step('out', step).step('in', step).retry('fee', { do: bank, retry: INSIST }),
    PATIENT,
  )
  return new Map([...handles, tail].map((handle) => [handle.name, handle]))
}

function defineTccs(service: Service, bank: Participant<Transfer>) {
  const branch = { try: bank, confirm: bank, cancel: bank }
  const handles = Object.entries(OPTIONS).map(([name, options]) =>
    service.tcc(
      name,
      transferSchema,
      (transfer) => transfer.branch('out', branch).branch('in', branch).branch('fee', branch),
      options,
    ),
  )
  return new Map(handles.map((handle) => [handle.name, handle]))
}

function defineMessage(
  service: Service,
  bank: Participant<Transfer>,
  beginLocally: (tx: unknown, transfer: Transfer) => Promise<void>,
): Begin {
  const handles = [DEFINITIONS.patient, DEFINITIONS.brisk].map((name) =>
    service.message(
      name,
      transferSchema,
      (message) => message.to('in', { do: bank, after: [] }).to('fee', { do: bank, after: [] }),
      { ...(name === DEFINITIONS.brisk && SHORT), retry: INSIST, check: CHECK },
    ),
  )
  const byName = new Map(handles.map((handle) => [handle.name, handle]))
  return (transfer) => {
    const paid = byName.get(transfer.definition)!
    return paid.send(transfer, { id: transfer.id }, (tx) => beginLocally(tx, transfer))
  }
}

/** The debit of a two-phase message, in the transaction of its sender. */
export function debitAt({ sql }: Place) {
  return async (tx: unknown, { id, legs }: Transfer): Promise<void> =>
    book(sql(tx), { gid: id, branch: 'out', op: 'action', leg: legs.out })
}
