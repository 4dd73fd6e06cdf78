import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, killTree } from './process-tree.ts'

const processes = new Set<number>()
const folders = new Set<string>()

/** An exiting process cannot wait: so by force. */
process.on('exit', () => {
  for (const pid of processes) killTree(pid)
  for (const folder of folders) removeFolder(folder)
})

/** Kills this child, with all below it, when this process exits before it. */
export function endsWithUs(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  processes.add(pid)
  child.once('exit', () => processes.delete(pid))
}

/**
 * A new folder in `home` for what one server or one download writes; removed at the latest when
 * this process exits. The name carries this process's id: folders of processes that are gone, as
 * after `kill -9`, are removed by the way.
 */
export function newDataFolder(home: string, name: string): string {
  const data = join(home, 'data')
  mkdirSync(data, { recursive: true })
  for (const each of readdirSync(data)) {
    if (!isAlive(Number(each.split('-')[1]))) removeAbandoned(join(data, each))
  }
  const folder = mkdtempSync(join(data, `${name}-${process.pid}-`))
  folders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  folders.delete(folder)
}

function removeAbandoned(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Its server is still ending, or another process removes it just now: the next one tries again.
  }
}
