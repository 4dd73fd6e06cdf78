import type { Store } from 'hufu'
import type { ModelTx, Row } from './tx.ts'

type Port = Store<ModelTx>

export type OutboxPort = Port['outbox']
export type FencePort = Port['fence']
export type JournalPort = Port['journal']
export type ParkedPort = Port['parked']
export type AuditPort = Port['audit']
export type RetentionPort = Port['retention']
export type BarrierPort = Port['barrier']
export type TransactionsPort = Port['transactions']

export type NewOutboxRow = Parameters<OutboxPort['insert']>[1]
export type OutboxRow = NonNullable<Awaited<ReturnType<OutboxPort['find']>>>
export type OpenRow = Awaited<ReturnType<OutboxPort['open']>>[number]
export type ReceiptRow = Parameters<OutboxPort['receipt']>[1]
export type ClaimRequest = Parameters<OutboxPort['claim']>[0]
export type Claim = NonNullable<Awaited<ReturnType<OutboxPort['claim']>>>
export type SendOutcome = Parameters<OutboxPort['settle']>[2][number]
export type NewParked = Parameters<ParkedPort['add']>[1]
export type ParkedKey = Parameters<ParkedPort['has']>[0]
export type ParkedRow = NonNullable<Awaited<ReturnType<ParkedPort['get']>>>

export type BarrierKey = Parameters<BarrierPort['enter']>[1]
export type NewTransaction = Parameters<TransactionsPort['insert']>[1]
export type TransactionRow = NonNullable<Awaited<ReturnType<TransactionsPort['get']>>>
export type TransactionSave = Parameters<TransactionsPort['save']>[2][number]
export type TransactionClaim = Parameters<TransactionsPort['claim']>[0]
export type TransactionFilter = Parameters<TransactionsPort['list']>[0]
export type DefinitionRef = TransactionClaim['definitions'][number]

/** An outbox row as it lies in the database. */
export interface OutboxRecord extends Omit<NewOutboxRow, 'sent'>, Row {
  readonly ref: number
  /** Rises in the order of the commits; 0 until then. */
  readonly order: number
  readonly state: 'waiting' | 'sent' | 'closed' | 'parked'
  /** 0 = at once; of a sent row the time of the repeat. */
  readonly dueAt: number
  readonly attempts: number
  readonly publishedAt: number
  readonly closedAt: number | null
}

/** A stored answer. */
export interface ReceiptRecord extends ReceiptRow, Row {
  readonly ref: number
}

export interface LeaseRecord extends Row {
  readonly owner: string
  readonly token: number
  readonly expiresAt: number
}

export interface BarrierRecord extends BarrierKey, Row {
  /** The op that inserted it. */
  readonly reason: string
  readonly at: number
}

export interface CoordinatorRecord extends Row {
  readonly number: number
  readonly leaseUntil: number
  /** Since when it is void; null: it is not. */
  readonly endedAt: number | null
}

export type TransactionRecord = TransactionRow & Row

export const OUTBOX = 'outbox'
export const RECEIPTS = 'receipts'
export const FENCE = 'fence'
export const LEASES = 'leases'
export const JOURNAL = 'journal'
export const PARKED = 'parked'
export const AUDIT = 'audit'
export const BARRIER = 'barrier'
export const RESULTS = 'results'
export const COORDINATORS = 'coordinators'
export const TRANSACTIONS = 'transactions'

export function outboxKey(event: string, id: string): string {
  return `${event}/${id}`
}
