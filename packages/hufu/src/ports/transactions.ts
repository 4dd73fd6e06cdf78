/*
 * What a store keeps for the coordinator (global transactions) and for participants (the barrier).
 */

/** dtm's word for the kind of a global transaction; the barrier's column of that name holds it. */
export type TransactionKind = 'saga' | 'tcc' | 'msg'

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
  /** Of its definition. */
  readonly name: string
  /** Of names, kinds and order of the definition's steps: another definition never gets the row. */
  readonly hash: string
  /** Business key to find it by. */
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
  /** The coordinator that works on it; 0: nobody. */
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
  /** Given back: any coordinator may claim it when it is due. */
  readonly release: boolean
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

/** Global transactions. One row each; its whole state is saved at once. */
export interface TransactionStore<Tx, Foreign> {
  /**
   * Makes a coordinator known; its number was never given before and is its fencing token: whoever
   * takes over its transactions writes another number into their rows.
   */
  register(leaseMs: number): Promise<number>
  /** From now on for `leaseMs` more. False: its lease had ended and somebody took over; it is void. */
  renew(owner: number, leaseMs: number): Promise<boolean>
  /** An orderly end: what it had may be claimed at once. */
  unregister(owner: number): Promise<void>
  /** The same id with the same name and input changes nothing; with others: `ID_REUSED`. */
  insert(tx: Tx | Foreign, row: NewTransaction): Promise<{ repeated: boolean }>
  /**
   * As `insert` in a transaction of the store, many with few statements, and throws nothing for the
   * single one. Of two with one id in `rows` the first is stored.
   */
  insertAll(tx: Tx, rows: readonly NewTransaction[]): Promise<InsertOutcome[]>
  /**
   * Gives this coordinator transactions that are not final: first those whose coordinator's lease has
   * ended (due or not), then due ones that nobody has. Two coordinators never get the same one.
   * Empty when the coordinator is void itself.
   */
  claim(request: TransactionClaim): Promise<TransactionRow[]>
  /** Gives this one to the coordinator whoever has it, final ones excepted: a person's word. */
  take(tx: Tx, owner: number, id: string): Promise<TransactionRow | undefined>
  /**
   * Stores states, all in one statement where the database can. Returns the ids that were not
   * stored because another coordinator has them: their work is to be dropped.
   */
  save(tx: Tx, owner: number, saves: readonly TransactionSave[]): Promise<string[]>
  get(id: string): Promise<TransactionRow | undefined>
  /** Oldest first. */
  list(filter: TransactionFilter): Promise<TransactionRow[]>
  /** Not final, and of a definition other than these: nobody here can work on them. */
  unknown(definitions: readonly DefinitionRef[], limit: number): Promise<TransactionRow[]>
  /** How many there are of each status that is not final. */
  counts(): Promise<{ running: number; parked: number; inDoubt: number }>
}

export interface BarrierKey {
  readonly kind: TransactionKind
  /** The global transaction's id. At most 128 characters, as `branch`. */
  readonly gid: string
  readonly branch: string
  /** dtm's words: `action`, `compensate`, `try`, `confirm`, `cancel`. At most 45 characters. */
  readonly op: string
  /** Which barrier of the call it is: `01`, `02` … At most 45 characters. */
  readonly barrier: string
}

/**
 * `go`: do the work. `repeat`: it was done, or its undoing came first and it must never be done
 * (hanging). `empty`: there is nothing to undo, and from now on nothing will be.
 */
export type BarrierWord = 'go' | 'repeat' | 'empty'

/** What a participant asks in its local transaction, before its work. dtm's table and rules. */
export interface BarrierStore<Tx, Foreign> {
  /**
   * Inserts the row of the operation that this one undoes (if it undoes one), then its own. Waits
   * for another transaction that holds the same rows. A key too long is refused, never cut.
   */
  enter(tx: Tx | Foreign, key: BarrierKey): Promise<BarrierWord>
  /** Keeps what the operation returned, as JSON, for repeats and for its undoing. */
  keep(tx: Tx | Foreign, key: BarrierKey, result: string): Promise<void>
  /** What it returned, if it has taken effect and kept something. */
  result(tx: Tx | Foreign, key: BarrierKey): Promise<string | undefined>
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
