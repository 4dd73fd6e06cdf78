/**
 * Version n of the library's tables is made by the first n entries. Never change one that was
 * released.
 *
 * `hufu_outbox.state`: 0 to send, 1 sent and not answered by all, 2 closed, 3 parked. `due_at`: 0
 * as it was stored, 1 at once, later a time: of the next try, in state 1 of the repeat; NULL when
 * closed. `seq` rises in commit order, there being one writer at a time. So a row still as it was
 * stored (state 0, due_at 0) says nothing of its sending: behind `hufu_outbox_cursor` it is to be
 * sent, up to there it was sent and, nobody having to answer, is closed. `id` is first in the
 * unique index because it differs sooner.
 *
 * `hufu_barrier` is dtm's table, times in ms. `hufu_coordinators.ended_at`: since when it is void;
 * NULL: it is not. `hufu_transactions.owner`: 0 is nobody.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE hufu_outbox (
     seq INTEGER PRIMARY KEY, event TEXT NOT NULL, id TEXT NOT NULL, key TEXT,
     state INTEGER NOT NULL, due_at INTEGER, missing INTEGER NOT NULL, attempts INTEGER NOT NULL,
     published_at INTEGER NOT NULL, closed_at INTEGER, delay_ms INTEGER NOT NULL,
     receipts INTEGER NOT NULL, groups TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL,
     UNIQUE (id, event));
   CREATE INDEX hufu_outbox_due ON hufu_outbox (state, due_at) WHERE due_at > 0;
   CREATE TABLE hufu_outbox_cursor (seq INTEGER NOT NULL);
   INSERT INTO hufu_outbox_cursor VALUES (0);
   CREATE TABLE hufu_receipts (
     seq INTEGER NOT NULL, grp TEXT NOT NULL, outcome TEXT NOT NULL, body TEXT NOT NULL,
     at INTEGER NOT NULL, PRIMARY KEY (seq, grp)) WITHOUT ROWID;
   CREATE TABLE hufu_leases (
     name TEXT PRIMARY KEY, owner TEXT NOT NULL, token INTEGER NOT NULL,
     expires_at INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE hufu_journal (
     seq INTEGER PRIMARY KEY, event TEXT NOT NULL, grp TEXT NOT NULL, id TEXT NOT NULL, key TEXT,
     hash TEXT NOT NULL, outcome TEXT NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL,
     UNIQUE (event, grp, id));
   CREATE TABLE hufu_parked (
     ref INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, event TEXT NOT NULL,
     grp TEXT NOT NULL, id TEXT NOT NULL, key TEXT, headers TEXT NOT NULL, body BLOB NOT NULL,
     state TEXT NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL, attempts INTEGER NOT NULL,
     holds_key INTEGER NOT NULL, next_at INTEGER, parked_at INTEGER NOT NULL,
     resolved_at INTEGER, resolution TEXT);
   CREATE UNIQUE INDEX hufu_parked_once ON hufu_parked (kind, event, grp, id)
     WHERE state <> 'resolved';
   CREATE INDEX hufu_parked_key ON hufu_parked (event, grp, key, ref) WHERE state <> 'resolved';
   CREATE INDEX hufu_parked_due ON hufu_parked (kind, event, grp, next_at) WHERE state = 'waiting';
   CREATE TABLE hufu_audit (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, action TEXT NOT NULL,
     subject TEXT NOT NULL, ref INTEGER NOT NULL, reason TEXT NOT NULL, by TEXT NOT NULL);`,
  `CREATE TABLE hufu_fence (
     seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, word TEXT NOT NULL, at INTEGER NOT NULL);`,
  `CREATE TABLE hufu_barrier (
     id INTEGER PRIMARY KEY, trans_type TEXT NOT NULL, gid TEXT NOT NULL, branch_id TEXT NOT NULL,
     op TEXT NOT NULL, barrier_id TEXT NOT NULL, reason TEXT NOT NULL,
     create_time INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)),
     update_time INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)),
     UNIQUE (gid, branch_id, op, barrier_id));
   CREATE TABLE hufu_results (
     gid TEXT NOT NULL, branch_id TEXT NOT NULL, op TEXT NOT NULL, barrier_id TEXT NOT NULL,
     result TEXT NOT NULL, PRIMARY KEY (gid, branch_id, op, barrier_id)) WITHOUT ROWID;
   CREATE TABLE hufu_coordinators (
     number INTEGER PRIMARY KEY AUTOINCREMENT, lease_until INTEGER NOT NULL,
     lease_ms INTEGER NOT NULL, ended_at INTEGER);
   CREATE TABLE hufu_transactions (
     seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
     hash TEXT NOT NULL, key TEXT, status TEXT NOT NULL, owner INTEGER NOT NULL, due_at INTEGER,
     created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, finished_at INTEGER,
     headers TEXT NOT NULL, input TEXT NOT NULL, state TEXT NOT NULL);
   CREATE INDEX hufu_transactions_due ON hufu_transactions (name, hash, due_at)
     WHERE owner = 0 AND due_at IS NOT NULL AND finished_at IS NULL;
   CREATE INDEX hufu_transactions_owner ON hufu_transactions (owner, name, hash)
     WHERE owner <> 0 AND finished_at IS NULL;
   CREATE INDEX hufu_transactions_open ON hufu_transactions (created_at, status, name, hash)
     WHERE finished_at IS NULL;
   CREATE INDEX hufu_transactions_odd ON hufu_transactions (status, created_at)
     WHERE status NOT IN ('running', 'committed');
   CREATE INDEX hufu_transactions_list ON hufu_transactions (created_at);
   CREATE INDEX hufu_transactions_name ON hufu_transactions (name, created_at);
   CREATE INDEX hufu_transactions_key ON hufu_transactions (key, created_at)
     WHERE key IS NOT NULL;`,
]
