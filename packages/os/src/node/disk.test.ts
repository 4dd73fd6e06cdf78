import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { diskContract } from '../disk.contract.ts'
import { nodeDisk } from './disk.ts'

const root = mkdtempSync(join(tmpdir(), 'hufu-disk-'))
after(() => rmSync(root, { recursive: true }))

diskContract('the file system', async () => {
  const dir = mkdtempSync(join(root, 'rule-'))
  return { disk: nodeDisk, dir, run: (body) => body() }
})
