import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '../transports/embedded/index.ts'
import { transportContract } from './index.ts'

transportContract('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-transport-'))
  return { transport: embedded(dir), remove: () => rm(dir, { recursive: true }) }
})
