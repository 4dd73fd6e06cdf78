import { access, constants, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CannotRunError, UsageError } from './options.ts'

/** Where a run keeps its files. */
export interface DataFolder {
  readonly path: string
  /** Removes a temporary folder; one that the user has named stays. */
  remove(): Promise<void>
}

/** Makes a temporary folder, or takes the user's when it is empty. */
export async function dataFolder(named: string | undefined): Promise<DataFolder> {
  if (named !== undefined) return { path: await emptyFolder(resolve(named)), async remove() {} }
  try {
    const path = await mkdtemp(join(tmpdir(), 'hufu-demo-'))
    return { path, remove: () => rm(path, { recursive: true, force: true }) }
  } catch (error) {
    throw new CannotRunError(`Making a temporary folder: ${(error as Error).message}`)
  }
}

async function emptyFolder(path: string): Promise<string> {
  let found: string[]
  try {
    await mkdir(path, { recursive: true })
    found = await readdir(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const text = `Making the folder ${path}: ${message}`
    throw code === 'EEXIST' || code === 'ENOTDIR' ? new UsageError(text) : new CannotRunError(text)
  }
  if (found.length > 0) throw new UsageError(`Using the folder ${path}: it is not empty`)
  try {
    await access(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new CannotRunError(`Writing to the folder ${path}: ${(error as Error).message}`)
  }
  return path
}
