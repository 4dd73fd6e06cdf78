import { readFileSync } from 'node:fs'
import { descendants } from '../../tools/services/process-tree.ts'

/** Linux counts in hundredths of a second. */
const TICK_US = 10_000

/** Processor time so far of a process and all below it, µs; 0 where the system does not tell. */
export function treeCpuUs(top: number): number {
  return (
    TICK_US *
    sumOver(top, (pid) => {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    })
  )
}

/** Resident memory of a process and all below it, MiB; 0 where the system does not tell. */
export function treeResidentMiB(top: number): number {
  const kib = sumOver(top, (pid) => {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0)
  })
  return Math.round(kib / 1_024)
}

function sumOver(top: number, of: (pid: number) => number): number {
  return [top, ...descendants(top)].reduce((sum, pid) => sum + orNothing(() => of(pid)), 0)
}

/** The process may be gone meanwhile. */
function orNothing(read: () => number): number {
  try {
    return read()
  } catch {
    return 0
  }
}
