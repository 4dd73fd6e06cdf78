import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildPackages } from '../../../tools/publish/build-package.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Where a user who installs them has the packages that are built in these folders. */
const INSTALLED: Readonly<Record<string, string>> = {
  'packages/os': '@hufu/os',
  'packages/wire': '@hufu/wire',
  'packages/broker': '@hufu/broker',
  'packages/hufu': 'hufu',
  'apps/server': '@hufu/server',
}

/** Compiles the packages into a folder, as they are published; the command `hufu` of it. */
export async function builtCommand(folder: string): Promise<string> {
  await buildPackages(ROOT, (dir) => {
    const dist = join(folder, 'built', dir)
    link(dist, join(folder, 'built/node_modules', INSTALLED[dir]!))
    return dist
  })
  return join(folder, 'built/node_modules/@hufu/server/bin/hufu.js')
}

function link(to: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (!existsSync(path)) symlinkSync(to, path)
}
