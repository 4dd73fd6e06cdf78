/** One row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** True for the address of a PostgreSQL database, false for MariaDB's. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url)
}

/** Runs statements on a connection of their own; returns the rows of the last one. */
export function runSql(url: string, ...statements: readonly string[]): Promise<readonly Row[]> {
  return (isPostgres(url) ? inPostgres : inMariadb)(url, statements)
}

async function inPostgres(url: string, statements: readonly string[]): Promise<readonly Row[]> {
  const { Client } = await import('pg')
  const client = new Client({ connectionString: url })
  // The statement that is under way rejects with it.
  client.on('error', () => {})
  await client.connect()
  try {
    let rows: readonly Row[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

async function inMariadb(url: string, statements: readonly string[]): Promise<readonly Row[]> {
  const { createConnection } = await import('mysql2/promise')
  const connection = await createConnection(url)
  connection.on('error', () => {})
  try {
    let rows: readonly Row[] = []
    for (const statement of statements) rows = (await connection.query(statement))[0] as Row[]
    return rows
  } finally {
    await connection.end()
  }
}
