/**
 * Version n of the library's tables is made by the first n entries, each a list of statements: on
 * MySQL each is a transaction of its own, so all of them may be run again. Never change one that
 * was released. `{collation}` compares texts by their bytes, trailing spaces included.
 *
 * `hufu_outbox.state`: 0 to send, 1 sent and not answered by all, 2 closed, 3 parked. `due_at`: 0
 * at once, or the time of the next try, in state 1 of the repeat, in state 2 that of the closing.
 * `seq` is not the order of commits: a row with a smaller one may come later.
 *
 * `hufu_parked.live`: 1, NULL when resolved; a unique index takes any number of NULLs.
 *
 * `hufu_transactions.owner`: 0 when nobody works on it, NULL when it is final: nobody will.
 */
export const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS hufu_outbox (
       seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, event VARCHAR(128) NOT NULL,
       id VARCHAR(255) NOT NULL, key_value VARCHAR(255) NULL, state TINYINT NOT NULL,
       due_at BIGINT NOT NULL, missing INT NOT NULL, attempts INT NOT NULL,
       published_at BIGINT NOT NULL, delay_ms BIGINT NOT NULL, receipts TINYINT NOT NULL,
       grp_list LONGTEXT NOT NULL, headers LONGTEXT NOT NULL, body LONGBLOB NOT NULL,
       UNIQUE KEY by_id (id, event), KEY by_state (state, due_at)) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_receipts (
       seq BIGINT NOT NULL, grp VARCHAR(128) NOT NULL, outcome VARCHAR(16) NOT NULL,
       body LONGTEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (seq, grp)) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_leases (
       name VARCHAR(64) NOT NULL PRIMARY KEY, owner VARCHAR(64) NOT NULL, token BIGINT NOT NULL,
       expires_at BIGINT NOT NULL) {options}`,
    `INSERT INTO hufu_leases VALUES ('relay', '', 0, 0) ON DUPLICATE KEY UPDATE name = name`,
    `CREATE TABLE IF NOT EXISTS hufu_fence (
       seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, key_value VARCHAR(700) NOT NULL,
       word VARCHAR(16) NOT NULL, at BIGINT NOT NULL, UNIQUE KEY by_key (key_value)) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_journal (
       seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, event VARCHAR(128) NOT NULL,
       grp VARCHAR(128) NOT NULL, id VARCHAR(255) NOT NULL, key_value VARCHAR(255) NULL,
       hash VARCHAR(64) NOT NULL, outcome VARCHAR(16) NOT NULL, result LONGTEXT NOT NULL,
       at BIGINT NOT NULL, UNIQUE KEY by_id (id, event, grp)) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_parked (
       ref BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, kind VARCHAR(16) NOT NULL,
       event VARCHAR(128) NOT NULL, grp VARCHAR(128) NOT NULL, id VARCHAR(255) NOT NULL,
       key_value VARCHAR(255) NULL, headers LONGTEXT NOT NULL, body LONGBLOB NOT NULL,
       state VARCHAR(16) NOT NULL, live TINYINT NULL, cause LONGTEXT NOT NULL,
       detail LONGTEXT NOT NULL, attempts INT NOT NULL, holds_key TINYINT NOT NULL,
       next_at BIGINT NULL, parked_at BIGINT NOT NULL, resolved_at BIGINT NULL,
       resolution VARCHAR(64) NULL,
       UNIQUE KEY by_id (id, event, grp, kind, live),
       KEY by_key (key_value, event, grp, live), KEY by_next (state, kind, next_at),
       KEY by_end (resolved_at)) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_audit (
       seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, at BIGINT NOT NULL,
       action LONGTEXT NOT NULL, subject LONGTEXT NOT NULL, ref BIGINT NOT NULL,
       reason LONGTEXT NOT NULL, by_whom LONGTEXT NOT NULL) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_results (
       id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, gid VARCHAR(128) NOT NULL,
       branch_id VARCHAR(128) NOT NULL, op VARCHAR(45) NOT NULL, barrier_id VARCHAR(45) NOT NULL,
       result LONGTEXT NOT NULL,
       UNIQUE KEY by_call (gid, branch_id, op, barrier_id)) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_coordinators (
       number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, lease_until BIGINT NOT NULL,
       lease_ms BIGINT NOT NULL) {options}`,
    `CREATE TABLE IF NOT EXISTS hufu_transactions (
       seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, id VARCHAR(128) NOT NULL,
       kind VARCHAR(16) NOT NULL, name VARCHAR(128) NOT NULL, hash VARCHAR(128) NOT NULL,
       key_value VARCHAR(255) NULL, status VARCHAR(16) NOT NULL, owner BIGINT NULL,
       due_at BIGINT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
       finished_at BIGINT NULL, headers LONGTEXT NOT NULL, input LONGTEXT NOT NULL,
       state LONGTEXT NOT NULL,
       UNIQUE KEY by_id (id), KEY by_owner (owner, name, hash, due_at),
       KEY by_status (status, created_at, id), KEY by_age (created_at, id),
       KEY by_key (key_value, created_at), KEY by_name (name, created_at),
       KEY by_end (finished_at)) {options}`,
  ],
]

/**
 * dtm's table, column for column. It may be one that others share: made only where it is missing.
 */
export const BARRIER_TABLE = `CREATE TABLE IF NOT EXISTS hufu_barrier (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, trans_type VARCHAR(45) NOT NULL DEFAULT '',
  gid VARCHAR(128) NOT NULL DEFAULT '', branch_id VARCHAR(128) NOT NULL DEFAULT '',
  op VARCHAR(45) NOT NULL DEFAULT '', barrier_id VARCHAR(45) NOT NULL DEFAULT '',
  reason VARCHAR(45) NOT NULL DEFAULT '', create_time DATETIME DEFAULT CURRENT_TIMESTAMP,
  update_time DATETIME DEFAULT CURRENT_TIMESTAMP,
  KEY create_time (create_time), KEY update_time (update_time),
  UNIQUE KEY gid (gid, branch_id, op, barrier_id)) {options}`

export const VERSION_TABLE = `CREATE TABLE IF NOT EXISTS hufu_version (
  version INT NOT NULL) {options}`

export type ServerKind = 'mariadb' | 'mysql'

/** Options of a table, by the server: both collations compare bytes and do not pad with spaces. */
export function withOptions(sql: string, server: ServerKind): string {
  const collation = server === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin'
  const options = `ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4
    COLLATE ${collation}`
  return sql.replace('{options}', options)
}
