import { DatabaseSync } from 'node:sqlite'

/** The steps of a coordinator that does not group; each resolves when it is on disk. */
export interface Statements {
  /** A row of the transaction and two of its branches, as dtm in one transaction. */
  begin(id: string, input: string): Promise<void>
  endBranch(id: string, branch: string): Promise<void>
  end(id: string): Promise<void>
  readonly commits: number
}

const CONNECTIONS = 20

const TABLES = [
  `CREATE TABLE IF NOT EXISTS plain_global (gid VARCHAR(128) PRIMARY KEY,
    status VARCHAR(12) NOT NULL, input TEXT NOT NULL, updated_at BIGINT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS plain_branch (gid VARCHAR(128) NOT NULL,
    branch VARCHAR(32) NOT NULL, status VARCHAR(12) NOT NULL, updated_at BIGINT NOT NULL,
    PRIMARY KEY (gid, branch))`,
]

/** Parameters: gid, input, time. */
const BEGIN_GLOBAL = "INSERT INTO plain_global VALUES (?, 'submitted', ?, ?)"

/** Parameters: gid, time, gid, time. */
const BEGIN_BRANCHES = `INSERT INTO plain_branch VALUES (?, 'out', 'prepared', ?),
  (?, 'in', 'prepared', ?)`

/** Parameters: time, gid, branch. */
const END_BRANCH = `UPDATE plain_branch SET status = 'succeed', updated_at = ?
  WHERE gid = ? AND branch = ?`

/** Parameters: time, gid. */
const END = "UPDATE plain_global SET status = 'succeed', updated_at = ? WHERE gid = ?"

const ALL = [BEGIN_GLOBAL, BEGIN_BRANCHES, END_BRANCH, END]

export function statementsAt(url: string): Promise<Statements> {
  if (url.startsWith('postgres')) return inPostgres(url)
  if (url.startsWith('mysql') || url.startsWith('mariadb')) return inMariadb(url)
  return inSqlite(url)
}

/** Prepared statements on a pool. */
async function inPostgres(url: string): Promise<Statements> {
  const { Pool } = (await import('pg')).default
  const pool = new Pool({ connectionString: url, max: CONNECTIONS })
  for (const sql of TABLES) await pool.query(sql)
  const named = (sql: string, values: unknown[]) => {
    let n = 0
    const name = `plain-${ALL.indexOf(sql)}`
    return { name, text: sql.replaceAll('?', () => `$${++n}`), values }
  }
  const counted = { commits: 0 }
  return Object.assign(counted, {
    async begin(id: string, input: string) {
      const client = await pool.connect()
      const now = Date.now()
      await client.query('BEGIN')
      await client.query(named(BEGIN_GLOBAL, [id, input, now]))
      await client.query(named(BEGIN_BRANCHES, [id, now, id, now]))
      await client.query('COMMIT')
      client.release()
      counted.commits++
    },
    async endBranch(id: string, branch: string) {
      await pool.query(named(END_BRANCH, [Date.now(), id, branch]))
      counted.commits++
    },
    async end(id: string) {
      await pool.query(named(END, [Date.now(), id]))
      counted.commits++
    },
  })
}

/** Prepared statements on a pool. */
async function inMariadb(url: string): Promise<Statements> {
  const { createPool } = await import('mysql2/promise')
  const pool = createPool({ uri: url, connectionLimit: CONNECTIONS })
  for (const sql of TABLES) await pool.query(sql)
  const counted = { commits: 0 }
  return Object.assign(counted, {
    async begin(id: string, input: string) {
      const connection = await pool.getConnection()
      const now = Date.now()
      await connection.beginTransaction()
      await connection.execute(BEGIN_GLOBAL, [id, input, now])
      await connection.execute(BEGIN_BRANCHES, [id, now, id, now])
      await connection.commit()
      connection.release()
      counted.commits++
    },
    async endBranch(id: string, branch: string) {
      await pool.execute(END_BRANCH, [Date.now(), id, branch])
      counted.commits++
    },
    async end(id: string) {
      await pool.execute(END, [Date.now(), id])
      counted.commits++
    },
  })
}

/** Settings as of the library's own store. */
async function inSqlite(path: string): Promise<Statements> {
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  for (const sql of TABLES) db.exec(sql)
  const [begin, global, branches, endBranch, end, commit] = [
    ...['BEGIN IMMEDIATE', BEGIN_GLOBAL, BEGIN_BRANCHES, END_BRANCH, END, 'COMMIT'],
  ].map((sql) => db.prepare(sql))
  const counted = { commits: 0 }
  return Object.assign(counted, {
    async begin(id: string, input: string) {
      const now = Date.now()
      begin!.run()
      global!.run(id, input, now)
      branches!.run(id, now, id, now)
      commit!.run()
      counted.commits++
    },
    async endBranch(id: string, branch: string) {
      endBranch!.run(Date.now(), id, branch)
      counted.commits++
    },
    async end(id: string) {
      end!.run(Date.now(), id)
      counted.commits++
    },
  })
}
