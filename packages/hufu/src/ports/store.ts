import type { Os } from '@hufu/os'
import type { BarrierStore, TransactionStore } from './transactions.ts'

/**
 * The user's own database with the library's tables in it. `Tx` is the transaction that handlers
 * and `publish` take; `Foreign` is what a user may pass who began a transaction himself.
 */
export interface Store<Tx, Foreign = never> {
  readonly name: string
  /**
   * Opens and migrates the library's own tables; several users may open it, each open wants a
   * close.
   */
  open(os: Os): Promise<void>
  close(): Promise<void>
  /**
   * Runs `fn` in a transaction; resolves after its commit is durable. What `fn` throws rolls it
   * back and is thrown on. A transaction inside another one of this store is refused. Any error but
   * `COMMIT_UNKNOWN` means that nothing of it is stored.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T> | T, options?: TransactionOptions): Promise<T>
  /**
   * `work` belongs to the transaction: should `fn` return before it has ended, the transaction is
   * rolled back with `TRANSACTION_PENDING`. For a publish that nobody awaits.
   */
  expect?(tx: Tx | Foreign, work: Promise<unknown>): void
  /**
   * Calls `listener` after each commit in which messages to send, or parked work to do, were
   * stored; without a kind: either.
   */
  onWork(listener: (kind?: WorkKind) => void): () => void
  /** The store's clock, ms since 1970: leases and due times are in it. */
  now(): Promise<number>
  readonly outbox: OutboxStore<Tx, Foreign>
  readonly fence: FenceStore<Tx>
  readonly journal: JournalStore<Tx>
  readonly parked: ParkedStore<Tx>
  readonly audit: AuditStore<Tx>
  readonly barrier: BarrierStore<Tx, Foreign>
  readonly transactions: TransactionStore<Tx, Foreign>
  readonly retention: RetentionStore
}

/** `transactions`: global ones that nobody has in hand. */
export type WorkKind = 'messages' | 'parked' | 'transactions'

export interface TransactionOptions {
  /** Longest time from the call of `fn`, ms; then it is rolled back. Default: the store's limit. */
  timeoutMs?: number
}

export type FenceWord = 'committed' | 'rolledBack'

/** One word per half message: what became of the local transaction. The first word stands. */
export interface FenceStore<Tx> {
  /**
   * Writes the word unless one is there; returns the one that stands. While another transaction
   * writes under the same key, this one waits for its end, or fails as busy.
   */
  write(tx: Tx, key: string, word: FenceWord): Promise<FenceWord>
}

/** A message as `publish` stores it. */
export interface NewOutboxRow {
  readonly event: string
  readonly id: string
  readonly key: string | null
  readonly groups: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Held back by the transport for so long, ms. */
  readonly delayMs: number
  /** Whether each group must answer before the row closes; else it closes when it is sent. */
  readonly receipts: boolean
  /** It is in the transport already; sent again at `resendAt` (ms) if receipts do not come. */
  readonly sent?: { readonly resendAt: number }
}

export interface OutboxRow extends NewOutboxRow {
  /** Names the row; says nothing of order. */
  readonly ref: number
  readonly publishedAt: number
  /** Refused sendings, or repeats because of missing receipts, before this one. */
  readonly attempts: number
  /** True: it was sent before and the groups in `groups`, not all, have not answered. */
  readonly resend: boolean
}

export interface ClaimRequest {
  /** Names the claiming relay; no two are equal. */
  readonly relay: string
  readonly limit: number
  /** The claim ends by itself after so long, ms. */
  readonly leaseMs: number
}

/** Rows that no other relay may send until they are settled or the lease ends. */
export interface Claim {
  /** Fencing token: `settle` under an older one than the store has seen changes nothing. */
  readonly token: number
  /** At most one row per event and key: the earliest unsent. In commit order. */
  readonly rows: readonly OutboxRow[]
  /** More rows could be claimed at once. */
  readonly more: boolean
}

export type SendOutcome =
  /**
   * Stored by the transport. If receipts do not come until `resendAt`, it is claimed again; null:
   * closed.
   */
  | { readonly ref: number; readonly outcome: 'sent'; readonly resendAt: number | null }
  /** Claimed again at `dueAt`, at most 2 h away; later rows of its key wait behind it. */
  | { readonly ref: number; readonly outcome: 'refused'; readonly dueAt: number }
  /** Not sent any more; the parked row that says so is written in the same transaction. */
  | { readonly ref: number; readonly outcome: 'parked' }

/** A group's answer. */
export interface ReceiptRow {
  readonly event: string
  readonly id: string
  readonly group: string
  readonly outcome: 'done' | 'failed'
  /** JSON of what was answered. */
  readonly body: string
}

export interface OpenRow {
  readonly id: string
  readonly event: string
  readonly key: string | null
  readonly publishedAt: number
  /** False: not yet handed to the transport, or parked. */
  readonly sent: boolean
  readonly missing: readonly string[]
}

export interface OutboxStats {
  /**
   * Rows not yet sent, the age of the oldest in ms (0 when none), and sent rows without all
   * receipts.
   */
  readonly waiting: number
  readonly oldestMs: number
  readonly open: number
}

export interface Published {
  /** It was stored before. */
  readonly repeated: boolean
}

export interface OutboxStore<Tx, Foreign> {
  /**
   * One insert. The same id, key and body again changes nothing; with others: `ID_REUSED`. A store
   * that need not wait answers, or throws, at once. What `row` holds is not changed afterwards.
   */
  insert(tx: Tx | Foreign, row: NewOutboxRow): Promise<Published> | Published
  /**
   * Unsent rows that are due, or whose receipts are overdue; `undefined` while another relay is at
   * it.
   */
  claim(request: ClaimRequest): Promise<Claim | undefined>
  /**
   * Stores what became of claimed rows. False, and nothing is stored, when the claim was taken
   * over.
   */
  settle(tx: Tx, token: number, outcomes: readonly SendOutcome[]): Promise<boolean>
  /** Ends the relay's claim at once. */
  release(relay: string): Promise<void>
  find(tx: Tx, event: string, id: string): Promise<OutboxRow | undefined>
  /**
   * Stores an answer and closes the row when none is missing. False: known already, or no such row.
   */
  receipt(tx: Tx, receipt: ReceiptRow): Promise<boolean>
  receipts(event: string, id: string): Promise<ReceiptRow[]>
  /** A parked row is to be sent again. */
  reopen(tx: Tx, ref: number): Promise<void>
  /** A parked row is closed, whoever has not answered. */
  close(tx: Tx, ref: number): Promise<void>
  /** Rows that are not closed, published before `before` (ms), oldest first. */
  open(event: string, before: number, limit: number): Promise<OpenRow[]>
  /** Rows not yet sent, counted up to `atMost`: cheap when there are few. */
  waiting(atMost: number): Promise<number>
  stats(): Promise<OutboxStats>
}

export interface JournalKey {
  readonly event: string
  readonly group: string
  readonly id: string
}

export interface JournalEntry extends JournalKey {
  readonly key: string | null
  /** Of the body, to tell a repeat from an id used twice. */
  readonly hash: string
  readonly outcome: 'done' | 'failed' | 'skipped'
  /** JSON of the result or failure. */
  readonly result: string
  readonly at: number
}

export interface JournalFilter {
  readonly event?: string
  readonly group?: string
  /** Entries at or after, and before, these times, ms. */
  readonly since?: number
  readonly until?: number
  readonly limit: number
}

/** One row per message and group that took effect: written in the transaction of the effect. */
export interface JournalStore<Tx> {
  /** The entry, when there is one; else nobody else can write it before this transaction ends. */
  begin(tx: Tx, key: JournalKey): Promise<JournalEntry | undefined>
  finish(tx: Tx, entry: Omit<JournalEntry, 'at'>): Promise<void>
  find(key: JournalKey): Promise<JournalEntry | undefined>
  /** Newest first. */
  list(filter: JournalFilter): Promise<JournalEntry[]>
}

/** `publish`: an outbox row that no transport takes. `receipt`: an answer whose handler fails. */
export type ParkedKind = 'consume' | 'publish' | 'receipt'

/**
 * `parked`: waits for a person. `waiting`: set aside behind earlier work of its key, or to be tried
 * at `nextAttemptAt`. `resolved`: done, skipped or discarded.
 */
export type ParkedState = 'parked' | 'waiting' | 'resolved'

/** At most one unresolved row has this key. */
export interface ParkedKey {
  readonly kind: ParkedKind
  readonly event: string
  /** The consuming group; for `publish` the empty string. */
  readonly group: string
  readonly id: string
}

export interface NewParked extends ParkedKey {
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly state: ParkedState
  /** Code such as `EXHAUSTED`, and words. */
  readonly cause: string
  readonly detail: string
  readonly attempts: number
  /** Whether it holds back later messages of its key. */
  readonly holdsKey: boolean
  readonly nextAttemptAt: number | null
}

export interface ParkedRow extends NewParked {
  readonly ref: number
  readonly parkedAt: number
  readonly resolvedAt: number | null
  /** How it was resolved: `done`, `failed`, `skipped`, `discarded`. */
  readonly resolution: string | null
}

export interface ParkedFilter {
  readonly event?: string
  readonly group?: string
  readonly key?: string
  readonly kind?: ParkedKind
  readonly state?: ParkedState
  /** Rows after this one. */
  readonly afterRef?: number
  readonly limit: number
}

export interface DueFilter {
  readonly kind: ParkedKind
  readonly event?: string
  readonly group?: string
  readonly limit: number
}

export interface ParkedChange {
  readonly state: ParkedState
  readonly attempts: number
  readonly nextAttemptAt: number | null
  readonly cause?: string
  readonly detail?: string
  readonly resolution?: string
}

export interface ParkedStore<Tx> {
  /** The same kind, event, group and id, unresolved, is stored once; returns its ref either way. */
  add(tx: Tx, row: NewParked): Promise<number>
  /** Whether this very message waits here, unresolved; in `tx` when given. */
  has(key: ParkedKey, tx?: Tx): Promise<boolean>
  /** Unresolved work that holds this key, counted up to `atMost`. */
  holding(tx: Tx, event: string, group: string, key: string, atMost: number): Promise<number>
  /** The row as it is, and locked: nobody else changes it until `tx` has ended. */
  get(tx: Tx, ref: number): Promise<ParkedRow | undefined>
  /** By ref, rising. */
  list(filter: ParkedFilter): Promise<ParkedRow[]>
  /** Work in state `waiting` that may run now: due, and first unresolved of its key. */
  due(filter: DueFilter): Promise<ParkedRow[]>
  change(tx: Tx, ref: number, change: ParkedChange): Promise<void>
  count(state: ParkedState): Promise<number>
}

/** What a person did. */
export interface AuditEntry {
  readonly at: number
  /** Such as `parked.retry`. */
  readonly action: string
  /** What it was done to, such as `consume order.placed/points/o1`. */
  readonly subject: string
  readonly ref: number
  readonly reason: string
  readonly by: string
}

export interface AuditStore<Tx> {
  add(tx: Tx, entry: Omit<AuditEntry, 'at'>): Promise<void>
  /** Newest first. */
  list(limit: number): Promise<AuditEntry[]>
}

/**
 * `transactions`: final ones. `barrier`: its rows and kept results; those of a transaction that is
 * in this store and not final stay, of the others only the age is known.
 */
export type Retained =
  | 'journal'
  | 'outbox'
  | 'fence'
  | 'parked'
  | 'audit'
  | 'transactions'
  | 'barrier'

export interface RetentionStore {
  /**
   * Deletes at most `limit` rows that were finished (or, where nothing finishes them, made) before
   * `before` (ms); returns how many.
   */
  purge(what: Retained, before: number, limit: number): Promise<number>
}
