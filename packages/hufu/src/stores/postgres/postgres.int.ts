import { after, test } from 'node:test'
import { shared } from '../../../../../tools/services/for-test.ts'
import { freshDatabase } from '../../../../../tools/services/fresh-database.ts'
import { runSql } from '../../../../../tools/services/sql.ts'
import { storeContract } from '../../testing/index.ts'
import { postgres } from './index.ts'

const server = await new Promise<string | undefined>((resolve, reject) => {
  test('there is a PostgreSQL server', (t) => shared(t, 'postgres').then(resolve, reject))
})
if (server) {
  const { url, drop } = await freshDatabase(server)
  after(drop)
  let count = 0
  storeContract('postgres', async () => {
    const schema = `rule_${count++}`
    return {
      store: postgres(url, { schema }),
      another: () => postgres(url, { schema }),
      remove: async () => void (await runSql(url, `DROP SCHEMA ${schema} CASCADE`)),
    }
  })
}
