import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../../testing/index.ts'
import { sqlite } from './index.ts'

storeContract('sqlite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-store-'))
  const path = join(dir, 'app.db')
  return {
    store: sqlite(path),
    another: () => sqlite(path),
    remove: () => rm(dir, { recursive: true }),
  }
})
