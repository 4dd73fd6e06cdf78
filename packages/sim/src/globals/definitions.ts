import {
  doIn,
  endIn,
  type Hufu,
  type Participant,
  type ParticipantRequest,
  type StandardSchema,
} from 'hufu'
import type { ModelTx } from '../store/tx.ts'
import type { Bank, Done } from './bank.ts'
import type { Move } from './books.ts'
import type { Gate } from './gate.ts'
import type { Network } from './network.ts'
import type { Remote } from './remote.ts'
import type { GlobalSetting, Transfer } from './step.ts'

export type Service = Hufu<ModelTx, never>

/** Where the work is done. */
export interface Places {
  /** The coordinators' own database, which does work too. */
  readonly office: Bank
  readonly left: Bank
  readonly right: Bank
  readonly remote: Remote
  readonly network: Network
}

/** Told of each work that is done in the coordinator's own process. */
export type OnLocal = (
  request: Pick<ParticipantRequest, 'id' | 'branch' | 'op' | 'attempt'>,
) => void

const transferSchema: StandardSchema<Transfer> = {
  '~standard': {
    version: 1,
    vendor: 'sim',
    validate: (value) => ({ value: value as Transfer }),
  },
}

const take = ({ from, cents }: Transfer): Move => ({ owner: from, balance: -cents })
const giveBack = ({ from, cents }: Transfer): Move => ({ owner: from, balance: cents })
const give = ({ to, cents }: Transfer): Move => ({ owner: to, balance: cents })
const takeOther = ({ to, cents }: Transfer): Move => ({ owner: to, balance: -cents })
const pool = ({ cents }: Transfer): Move => ({ owner: 0, balance: 2 * cents })
const unpool = ({ cents }: Transfer): Move => ({ owner: 0, balance: -2 * cents })
const nothing = ({ from }: Transfer): Move => ({ owner: from, balance: 0 })
const freeze = ({ from, cents }: Transfer): Move => ({
  owner: from,
  balance: -cents,
  frozen: cents,
})
const thaw = ({ from, cents }: Transfer): Move => ({ owner: from, balance: cents, frozen: -cents })
const spend = ({ from, cents }: Transfer): Move => ({ owner: from, balance: 0, frozen: -cents })

/** What one process of the office may begin. */
export function define(
  service: Service,
  gate: Gate,
  places: Places,
  setting: GlobalSetting,
  onLocal: OnLocal,
) {
  const to = (bank: Bank) => new Far(bank, gate, places.network)
  const far: Parties = {
    left: to(places.left),
    right: to(places.right),
    mail: places.network.from(gate, places.remote, places.remote.participant()),
    office: places.office,
    onLocal,
  }
  return {
    transfer: defineTransfer(service, far, setting),
    trip: defineTrip(service, far, setting),
    swap: defineSwap(service, far, setting),
    pay: definePay(service, far, setting),
  }
}

/** Who takes part, as one process reaches them. */
interface Parties {
  readonly left: Far
  readonly right: Far
  readonly mail: Participant<unknown, number>
  readonly office: Bank
  readonly onLocal: OnLocal
}

/** A step in the coordinator's own database, one at a bank, a pivot at another one, a tail. */
function defineTransfer(service: Service, parties: Parties, setting: GlobalSetting) {
  const { office, left, right, mail, onLocal } = parties
  const noted = office.does('action', nothing)
  const unnoted = office.ends('compensate', nothing)
  return service.saga(
    'transfer',
    transferSchema,
    (saga) =>
      saga
        .step('note', {
          do: (tx, input, ctx) => {
            onLocal({ ...ctx, op: 'action' })
            return noted(tx, input, ctx)
          },
          undo: (tx, input, done, ctx) => {
            onLocal({ ...ctx, op: 'compensate' })
            return unnoted(tx, input, done, ctx)
          },
        })
        .step('out', { do: left.does('action', take), undo: left.ends('compensate', giveBack) })
        .pivot('in', { do: right.does('action', give) })
        .retry('mail', { do: mail }),
    optionsOf(setting),
  )
}

/** A query, two steps at the same time, a step upon both; no pivot. */
function defineTrip(service: Service, { left, right, mail }: Parties, setting: GlobalSetting) {
  const undoAfter = setting.undoAfterMs
  const undoTake = left.ends('compensate', giveBack)
  const undoOther = right.ends('compensate', give)
  return service.saga(
    'trip',
    transferSchema,
    (saga) =>
      saga
        .query('quote', { do: mail })
        .parallel((group) =>
          group
            .step('one', { do: left.does('action', take), undo: undoTake, undoAfter })
            .step('other', { do: right.does('action', takeOther), undo: undoOther }),
        )
        .step('pool', { do: left.does('action', pool), undo: left.ends('compensate', unpool) }),
    optionsOf(setting),
  )
}

function defineSwap(service: Service, { left, right }: Parties, setting: GlobalSetting) {
  return service.tcc(
    'swap',
    transferSchema,
    (tcc) =>
      tcc
        .branch('out', {
          try: left.does('try', freeze),
          confirm: left.ends('confirm', spend),
          cancel: left.ends('cancel', thaw),
        })
        .branch('in', {
          try: right.does('try', nothing),
          confirm: right.ends('confirm', give),
          cancel: right.ends('cancel', nothing),
        }),
    optionsOf(setting),
  )
}

function definePay(service: Service, { right, mail }: Parties, setting: GlobalSetting) {
  const { checkMs, checkMax, timeoutMs } = setting
  const check = { after: checkMs, every: checkMs, max: checkMax }
  return service.message(
    'pay',
    transferSchema,
    (message) => message.to('in', { do: right.does('action', give) }).to('mail', { do: mail }),
    { timeout: timeoutMs, retry: optionsOf(setting).insist, check },
  )
}

export type Defined = ReturnType<typeof define>

/** The local transaction of a message. */
export function payLocally(office: Bank) {
  const work = office.does('action', take)
  return (tx: ModelTx, input: Transfer, id: string) => {
    return work(tx, input, { id, branch: 'local', attempt: 1 })
  }
}

function optionsOf(setting: GlobalSetting) {
  const { timeoutMs, retryMax, insistMax, deadlineMs } = setting
  return {
    timeout: timeoutMs,
    retry: { max: retryMax, first: 10, cap: 400 },
    insist: { max: insistMax, first: 10, cap: 400 },
    ...(deadlineMs > 0 && { deadline: deadlineMs }),
  }
}

/** A bank as one process reaches it. */
class Far {
  readonly #bank: Bank
  readonly #gate: Gate
  readonly #network: Network

  constructor(bank: Bank, gate: Gate, network: Network) {
    this.#bank = bank
    this.#gate = gate
    this.#network = network
  }

  does(op: 'action' | 'try', how: (input: Transfer) => Move) {
    const bank = this.#bank
    return this.#network.from(this.#gate, bank, doIn(bank.store, bank.does(op, how)))
  }

  ends(op: 'compensate' | 'confirm' | 'cancel', how: (input: Transfer, done: Done) => Move) {
    const bank = this.#bank
    return this.#network.from(this.#gate, bank, endIn(bank.store, bank.ends(op, how)))
  }
}
