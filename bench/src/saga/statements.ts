import { DatabaseSync } from 'node:sqlite'

/** The steps of a coordinator that does not group; each resolves when it is on disk. */
export interface Statements {
  /** A row of the transaction and two of its branches. */
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

const BEGIN_POSTGRES = `WITH one AS (INSERT INTO plain_global VALUES ($1, 'submitted', $2, $3))
  INSERT INTO plain_branch VALUES ($1, 'out', 'prepared', $3), ($1, 'in', 'prepared', $3)`

/** Parameters: time, gid, branch. */
const END_BRANCH = `UPDATE plain_branch SET status = 'succeed', updated_at = ?
  WHERE gid = ? AND branch = ?`

/** Parameters: time, gid. */
const END = "UPDATE plain_global SET status = 'succeed', updated_at = ? WHERE gid = ?"

export function statementsAt(url: string): Promise<Statements> {
  if (url.startsWith('postgres')) return inPostgres(url)
  if (url.startsWith('mysql') || url.startsWith('mariadb')) return inMariadb(url)
  return inSqlite(url)
}

/** Prepared statements on a pool; beginning is one statement. */
async function inPostgres(url: string): Promise<Statements> {
  const { Pool } = (await import('pg')).default
  const pool = new Pool({ connectionString: url, max: CONNECTIONS })
  for (const sql of TABLES) await pool.query(sql)
  let commits = 0
  const run = async (name: string, sql: string, ...values: unknown[]) => {
    let n = 0
    const text = sql.replaceAll('?', () => `$${++n}`)
    await pool.query({ name, text, values })
    commits++
  }
  return {
    begin: (id, input) => run('begin', BEGIN_POSTGRES, id, input, Date.now()),
    endBranch: (id, branch) => run('branch', END_BRANCH, Date.now(), id, branch),
    end: (id) => run('end', END, Date.now(), id),
    get commits() {
      return commits
    },
  }
}

/** Prepared statements on a pool; beginning is two statements. */
async function inMariadb(url: string): Promise<Statements> {
  const { createPool } = await import('mysql2/promise')
  const pool = createPool({ uri: url, connectionLimit: CONNECTIONS })
  for (const sql of TABLES) await pool.query(sql)
  let commits = 0
  const run = async (sql: string, ...values: (string | number)[]) => {
    await pool.execute(sql, values)
    commits++
  }
  return {
    async begin(id, input) {
      const now = Date.now()
      await run(BEGIN_GLOBAL, id, input, now)
      await run(BEGIN_BRANCHES, id, now, id, now)
    },
    endBranch: (id, branch) => run(END_BRANCH, Date.now(), id, branch),
    end: (id) => run(END, Date.now(), id),
    get commits() {
      return commits
    },
  }
}

/** Settings as of the library's own store; beginning is two statements and one commit. */
async function inSqlite(path: string): Promise<Statements> {
  const db = new DatabaseSync(path, { timeout: 5_000 })
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  for (const sql of TABLES) db.exec(sql)
  const [begin, global, branches, endBranch, end, commit] = [
    ...['BEGIN IMMEDIATE', BEGIN_GLOBAL, BEGIN_BRANCHES, END_BRANCH, END, 'COMMIT'],
  ].map((sql) => db.prepare(sql))
  let commits = 0
  return {
    async begin(id, input) {
      const now = Date.now()
      begin!.run()
      global!.run(id, input, now)
      branches!.run(id, now, id, now)
      commit!.run()
      commits++
    },
    async endBranch(id, branch) {
      endBranch!.run(Date.now(), id, branch)
      commits++
    },
    async end(id) {
      end!.run(Date.now(), id)
      commits++
    },
    get commits() {
      return commits
    },
  }
}
