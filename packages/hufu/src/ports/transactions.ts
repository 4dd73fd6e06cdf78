import { HufuError } from '../errors.ts'

/*
 * What a store keeps for the coordinator (global transactions) and for participants (the barrier).
 * Texts that name something (ids, keys, names, branches) are the same only when all their bytes
 * are: neither case nor trailing spaces are passed over.
 */

/**
 * dtm's word for the kind of a global transaction; the barrier's column of that name holds it. A
 * `flow` only watches what others do.
 */
export type TransactionKind = 'saga' | 'tcc' | 'msg' | 'flow'

/**
 * `committed`, `rolledBack`, `mixed` (some done, some not, by a person's word) and `stopped` (by a
 * person) are final. `parked` waits for a person. `inDoubt`: whether it took effect is not known.
 */
export type TransactionStatus =
  | 'running'
  | 'parked'
  | 'inDoubt'
  | 'committed'
  | 'rolledBack'
  | 'mixed'
  | 'stopped'

export interface NewTransaction {
  /** The user's idempotency key, 1 to 128 characters: the barrier's `gid`. */
  readonly id: string
  readonly kind: TransactionKind
  /** Of its definition. At most 128 characters. */
  readonly name: string
  /**
   * Of names, kinds and order of the definition's steps: another definition never gets the row. At
   * most 128 characters.
   */
  readonly hash: string
  /** Business key to find it by. At most 255 characters. */
  readonly key: string | null
  /** JSON, as given. */
  readonly input: string
  /** JSON object of texts, handed on to every call. */
  readonly headers: string
  readonly status: TransactionStatus
  /** JSON; only the kind reads it. */
  readonly state: string
  /** Store's time at which somebody must act on it, ms; null: nothing is to be done by itself. */
  readonly dueAt: number | null
  /** The coordinator that works on it, or did last; 0: nobody. */
  readonly owner: number
}

export interface TransactionRow extends NewTransaction {
  readonly createdAt: number
  readonly updatedAt: number
  /** When it became final; null before. */
  readonly finishedAt: number | null
}

export interface TransactionSave {
  readonly id: string
  readonly status: TransactionStatus
  readonly state: string
  readonly dueAt: number | null
  /** Given back: any coordinator may claim it when it is due. A final one always is. */
  readonly release: boolean
}

export interface WrittenGroup {
  readonly outcomes: readonly InsertOutcome[]
  readonly lost: readonly string[]
}

export interface DefinitionRef {
  readonly name: string
  readonly hash: string
}

export interface TransactionClaim {
  readonly owner: number
  /** Only transactions of these are claimed. */
  readonly definitions: readonly DefinitionRef[]
  readonly limit: number
}

export interface TransactionFilter {
  readonly status?: TransactionStatus
  readonly kind?: TransactionKind
  readonly name?: string
  readonly key?: string
  /** Created before this time, ms. */
  readonly before?: number
  /** Pages: only rows after this one in the order of the list (oldest first, then by id). */
  readonly after?: { readonly createdAt: number; readonly id: string }
  readonly limit: number
}

/** `reused`: the id is there with another name or input. */
export type InsertOutcome = 'inserted' | 'repeated' | 'reused'

/**
 * Global transactions. One row each; its whole state is saved at once.
 *
 * Of a coordinator's lease: the first claim of another coordinator after its end makes it void for
 * good. What a void coordinator had may be claimed by anybody who knows the definition, also when
 * it was inserted, in a transaction that took long, after that. All times are the store's.
 */
export interface TransactionStore<Tx, Foreign> {
  /**
   * Makes a coordinator known; its number was never given before and is its fencing token: whoever
   * takes over its transactions writes another number into their rows.
   */
  register(leaseMs: number): Promise<number>
  /**
   * From now on for `leaseMs` more, also when the lease has ended and nobody has noticed. False: it
   * is void; register anew.
   */
  renew(owner: number, leaseMs: number): Promise<boolean>
  /** An orderly end: it is void, and what it had may be claimed at once. */
  unregister(owner: number): Promise<void>
  /**
   * The same id with the same name and input changes nothing; with others: `ID_REUSED`. While
   * another transaction inserts the same id, this one waits for its end. A text beyond its length:
   * `LIMIT`.
   */
  insert(tx: Tx | Foreign, row: NewTransaction): Promise<{ repeated: boolean }>
  /**
   * As `insert` in a transaction of the store, many with few statements, and throws nothing for the
   * single one, `LIMIT` excepted. Of two with one id in `rows` the first is stored.
   */
  insertAll(tx: Tx, rows: readonly NewTransaction[]): Promise<InsertOutcome[]>
  /**
   * Gives this coordinator transactions that are not final: first those whose coordinator is void
   * or has let its lease end (due or not), then due ones that nobody has, the earliest due first.
   * Two coordinators never get the same one. Rows that another transaction has locked are passed
   * over where the database can. Empty when this coordinator is void, or its own lease has ended.
   */
  claim(request: TransactionClaim): Promise<TransactionRow[]>
  /**
   * Gives this one to the coordinator whoever has it: a person's word. Undefined, and nothing is
   * changed, when it is final or there is none.
   */
  take(tx: Tx, owner: number, id: string): Promise<TransactionRow | undefined>
  /**
   * Stores states, all in one statement where the database can; no id is in `saves` twice. Returns
   * the ids that were not stored because another coordinator has them, or they are final already:
   * their work is to be dropped. Only the row says whose it is: a coordinator whose lease has ended
   * may save what nobody has taken yet.
   */
  save(tx: Tx, owner: number, saves: readonly TransactionSave[]): Promise<string[]>
  /**
   * Groups of one coordinator (`insertAll` and `save`, with no id in two of them) that are best
   * written at the same time: what the database does then overlaps with what the process does. 1
   * unless set: right for a database with one writer.
   */
  readonly groupsAtOnce?: number
  /**
   * `insertAll` and `save` in a transaction of their own, for a store that needs fewer round trips
   * for both together.
   */
  writeGroup?(
    owner: number,
    rows: readonly NewTransaction[],
    saves: readonly TransactionSave[],
  ): Promise<WrittenGroup>
  /** As it is committed. */
  get(id: string): Promise<TransactionRow | undefined>
  /** Oldest first. */
  list(filter: TransactionFilter): Promise<TransactionRow[]>
  /**
   * Not final, and of a definition other than these: nobody here can work on them. Oldest first.
   */
  unknown(definitions: readonly DefinitionRef[], limit: number): Promise<TransactionRow[]>
  /** How many there are of each status that is not final. */
  counts(): Promise<{ running: number; parked: number; inDoubt: number }>
}

/** Where a text is too long: `LIMIT`; where it is empty: `ARGUMENT`. Never cut. */
export interface BarrierKey {
  readonly kind: TransactionKind
  /** The global transaction's id. 1 to 128 characters. */
  readonly gid: string
  /** 1 to 128 characters. */
  readonly branch: string
  /** dtm's words: `action`, `compensate`, `try`, `confirm`, `cancel`. At most 45 characters. */
  readonly op: string
  /**
   * Which barrier of the call it is: `01`, `02` … At most 45 characters. The undoing counts as the
   * operation did: barrier `02` of `cancel` undoes barrier `02` of `try`.
   */
  readonly barrier: string
}

/**
 * `go`: do the work. `repeat`: it was done, or its undoing came first and it must never be done
 * (hanging). `empty`: there is nothing to undo, and from now on nothing will be.
 */
export type BarrierWord = 'go' | 'repeat' | 'empty'

/**
 * What a participant asks in its local transaction, before its work. dtm's table (`hufu_barrier`)
 * and rules; `kind` is written, and no part of the key. All of it is undone with the local
 * transaction: a call that fails leaves no row.
 */
export interface BarrierStore<Tx, Foreign> {
  /**
   * Inserts the row of the operation that this one undoes (if it undoes one), then its own. While
   * another transaction has inserted the same rows and not ended, this one waits for its end. The
   * `reason` of a row is the op that inserted it.
   */
  enter(tx: Tx | Foreign, key: BarrierKey): Promise<BarrierWord>
  /**
   * Keeps what the operation returned, as JSON, for repeats and for its undoing. After `enter` has
   * answered `go`, in the same transaction; a second time replaces the first.
   */
  keep(tx: Tx | Foreign, key: BarrierKey, result: string): Promise<void>
  /**
   * What it returned, if it has taken effect and kept something; what `tx` itself kept included.
   */
  result(tx: Tx | Foreign, key: BarrierKey): Promise<string | undefined>
}

/** Refuses a key that the barrier's columns cannot hold: `LIMIT`, `ARGUMENT`. */
export function checkBarrierKey({ gid, branch, op, barrier }: BarrierKey): void {
  const what = `Entering the barrier of ${gid}/${branch}/${op}`
  checkText(gid, 'gid', ID_CHARS_MAX, what)
  checkText(branch, 'branch', ID_CHARS_MAX, what)
  checkText(op, 'op', OP_CHARS_MAX, what)
  checkText(barrier, 'barrier', OP_CHARS_MAX, what)
}

/** Refuses a transaction whose texts the columns cannot hold: `LIMIT`, `ARGUMENT`. */
export function checkTransaction({ id, name, hash, key }: NewTransaction): void {
  const what = `Inserting transaction ${id}`
  checkText(id, 'id', ID_CHARS_MAX, what)
  checkText(name, 'name', ID_CHARS_MAX, what)
  checkText(hash, 'hash', ID_CHARS_MAX, what)
  if (key !== null) checkText(key, 'key', KEY_CHARS_MAX, what)
}

const ID_CHARS_MAX = 128
const OP_CHARS_MAX = 45
const KEY_CHARS_MAX = 255

function checkText(text: string, name: string, max: number, what: string): void {
  if (text === '') throw new HufuError('ARGUMENT', `${what}: ${name} is empty`)
  if (text.length <= max) return
  throw new HufuError('LIMIT', `${what}: ${name} has ${text.length} characters, limit ${max}`)
}

/** The operation that `op` undoes; what dtm calls its origin. */
export function originOf(op: string): string | undefined {
  return ORIGINS[op]
}

const ORIGINS: Readonly<Record<string, string | undefined>> = {
  compensate: 'action',
  cancel: 'try',
  rollback: 'action',
}

export function isFinal(status: TransactionStatus): boolean {
  return FINAL.has(status)
}

const FINAL: ReadonlySet<TransactionStatus> = new Set([
  'committed',
  'rolledBack',
  'mixed',
  'stopped',
])
