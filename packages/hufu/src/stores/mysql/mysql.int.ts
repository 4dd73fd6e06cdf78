import { after, test } from 'node:test'
import { shared } from '../../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../../tools/services/fresh-database.ts'
import { runSql } from '../../../../../tools/services/sql.ts'
import { storeContract } from '../../testing/index.ts'
import { mysql, mysqlSchema } from './index.ts'

/** Making tables takes much longer than emptying them. */
const EMPTY = mysqlSchema('mariadb')
  .flatMap((sql) => /^CREATE TABLE IF NOT EXISTS (\w+)/.exec(sql)?.[1] ?? [])
  .filter((table) => table !== 'hufu_version' && table !== 'hufu_leases')
  .map((table) => `DELETE FROM ${table}`)

const server = await new Promise<string | undefined>((resolve, reject) => {
  test('there is a MariaDB server', (t) => shared(t, 'mariadb').then(resolve, reject))
})
if (server) {
  const { url, drop } = await freshDatabase(server)
  after(drop)
  storeContract('mysql', async () => ({
    store: mysql(url),
    another: () => mysql(url),
    remove: async () => {
      await runSql(url, ...EMPTY, "UPDATE hufu_leases SET owner = '', expires_at = 0")
    },
  }))
}
