import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const MODULE = 'github.com/dtm-labs/dtm'
const VERSION = 'v1.18.0'
const HOME = join(import.meta.dirname, '../../../.dtm')
const BUILD_MS = 600_000
const run = promisify(execFile)

/** dtm as built here. */
export interface DtmProgram {
  readonly command: string
  /** Where its tables are defined, a file for each kind of database. */
  readonly tables: string
  readonly version: string
}

/** dtm cannot be had here; the message says why. */
export class DtmMissing extends Error {}

/** Builds dtm from its Go module, once; takes minutes when it is fetched for the first time. */
export async function dtmProgram(say: (text: string) => void): Promise<DtmProgram> {
  mkdirSync(HOME, { recursive: true })
  writeFileSync(join(HOME, 'go.mod'), `module bench\n\ngo 1.20\n\nrequire ${MODULE} ${VERSION}\n`)
  const command = join(HOME, `dtm-${VERSION}`)
  if (!existsSync(command)) {
    say(`Building dtm ${VERSION}`)
    await go('build', '-o', command, MODULE)
  }
  const folder = await go('list', '-m', '-f', '{{.Dir}}', MODULE)
  return { command, tables: join(folder.trim(), 'sqls'), version: VERSION }
}

async function go(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, GOFLAGS: '-mod=mod' }
  try {
    return (await run('go', [...args], { cwd: HOME, env, timeout: BUILD_MS })).stdout
  } catch (error) {
    const { code, stderr = '', message } = error as Error & { code?: unknown; stderr?: string }
    if (code === 'ENOENT') throw new DtmMissing('go is not installed')
    const last = stderr.trim().split('\n').at(-1)
    throw new DtmMissing(`go ${args[0]}: ${last || message}`)
  }
}
