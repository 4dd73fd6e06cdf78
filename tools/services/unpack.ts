import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newDataFolder, removeFolder } from './leftovers.ts'
import { ServiceMissing } from './service.ts'
import { underLock } from './unpack-lock.ts'

const run = promisify(execFile)
const DOWNLOAD_MS = 300_000

/**
 * Unpacks a Debian package, with what it depends on and the system lacks, into a folder of `home`
 * and returns that folder, made as the root of a file system. Nothing is installed and nothing of
 * the system is touched. The second time it is there already. Safe from several processes at once:
 * one works, the others wait, and a folder gets its name only when it is whole.
 */
export async function unpack(name: string, home: string): Promise<string> {
  const system = join(home, 'unpacked', systemName())
  const root = join(system, name)
  if (existsSync(root)) return root
  mkdirSync(system, { recursive: true })
  try {
    await underLock(join(home, 'unpacking'), async () => {
      if (!existsSync(root)) await fetchInto(root, name, home)
    })
  } catch (error) {
    throw new ServiceMissing(`Cannot unpack package ${name}: ${causeOf(error)}`, { cause: error })
  }
  return root
}

/** Libraries fit one release of one system only. */
function systemName(): string {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  const fields = ['ID', 'VERSION_ID'].map((field) => {
    return new RegExp(`^${field}="?([\\w.-]+)`, 'm').exec(release)?.[1] ?? 'unknown'
  })
  return [...fields, process.arch].join('-')
}

async function fetchInto(root: string, name: string, home: string): Promise<void> {
  const work = newDataFolder(home, 'unpacking')
  try {
    await download(name, work, join(home, 'lists'))
    const made = join(work, 'root')
    for (const file of globSync('archives/*.deb', { cwd: work }).sort()) {
      await run('dpkg', ['--extract', join(work, file), made])
    }
    renameSync(made, root)
  } finally {
    removeFolder(work)
  }
}

/** With the system's package lists; where they are missing or too old, with fresh ones here. */
async function download(name: string, work: string, lists: string): Promise<void> {
  mkdirSync(join(work, 'archives/partial'), { recursive: true })
  const folders = [`Dir::Cache=${work}`, 'Debug::NoLocking=1', 'APT::Sandbox::User=root']
  const install = ['install', '--download-only', '--reinstall', '--no-install-recommends', name]
  try {
    await apt(install, folders)
  } catch {
    mkdirSync(join(lists, 'partial'), { recursive: true })
    const own = [...folders, `Dir::State::lists=${lists}`]
    await apt(['update'], own)
    await apt(install, own)
  }
}

async function apt(args: readonly string[], settings: readonly string[]): Promise<void> {
  const options = settings.flatMap((setting) => ['-o', setting])
  await run('apt-get', ['-y', '-qq', ...options, ...args], { timeout: DOWNLOAD_MS })
}

function causeOf(error: unknown): string {
  const { message, code, stderr } = error as Error & { code?: string; stderr?: string }
  if (code === 'ENOENT') return 'this system has no apt-get and dpkg'
  return stderr?.trim().split('\n').at(-1) || message
}
