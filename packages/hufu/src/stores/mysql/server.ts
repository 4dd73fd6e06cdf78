import { HufuError } from '../../errors.ts'
import type { ServerKind } from './migrations.ts'
import { isInTransaction, type Session } from './session.ts'

interface ServerRow {
  readonly version: string
  readonly autocommit: number
  readonly charset: string
}

/** Refuses what would not work, or not be safe. */
export async function serverOf(session: Session, name: string): Promise<ServerKind> {
  const refuse = (text: string) => new HufuError('STORE_UNUSABLE', `Opening ${name}: ${text}`)
  const { version, autocommit, charset } = (await session.row<ServerRow>(
    `SELECT VERSION() AS version, @@autocommit AS autocommit, @@character_set_client AS charset`,
  ))!
  if (charset !== 'utf8mb4') throw refuse(`the connection's charset is ${charset}, wanted utf8mb4`)
  if (!autocommit) throw refuse('autocommit is off in its connections')
  if (await isInTransaction(session.connection)) throw refuse('its connection is in a transaction')
  const server = /mariadb/i.test(version) ? 'mariadb' : 'mysql'
  const least = LEAST[server]
  if (numberOf(version) >= numberOf(least)) return server
  throw refuse(`the server is ${server} ${version}, wanted is ${least} at least`)
}

const LEAST = { mariadb: '10.6.0', mysql: '8.0.19' }

function numberOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.-]/, 3).map(Number)
  return major * 1e6 + minor * 1e3 + (patch || 0)
}
