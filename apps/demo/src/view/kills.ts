import type { Hit, RunState } from '../run/run-state.ts'
import { number } from './progress-line.ts'

const DURING = {
  work: 'at work',
  half: 'between half message and local transaction',
  commit: 'between its commit and the second word',
  drain: 'after the last order',
  start: 'while starting',
  idle: 'with nothing left to do',
} as const satisfies Record<Hit['during'], string>

/** How often each process was killed. */
export function killsByProcess({ names, hits }: RunState): Record<string, number> {
  const times = (name: string) => hits.filter(({ process }) => process === name).length
  return Object.fromEntries(names.map((name) => [name, times(name)]))
}

/** All kills in one line. */
export function killsText(run: RunState): string {
  const { hits, names } = run
  if (hits.length === 0) return 'none'
  const counts = Object.entries(DURING).flatMap(([during, text]) => {
    const times = hits.filter((hit) => hit.during === during).length
    return times > 0 ? [`${times} ${text}`] : []
  })
  const open = Math.max(...hits.map((hit) => hit.open))
  const most = open > 0 ? `; up to ${number(open)} orders under way` : ''
  const killed = Object.entries(killsByProcess(run)).map(([name, times]) => `${name} ${times}`)
  const who = names.length > 1 ? ` (${killed.join(', ')})` : ''
  return `${hits.length} with kill -9${who}: ${counts.join(', ')}${most}${backText(hits)}`
}

/** Each kill with its time: `   3.2 s  broker  at work, 214 orders under way, back in 0.6 s`. */
export function killsTimed({ names, hits }: RunState): string[] {
  const width = Math.max(...names.map((name) => name.length))
  return hits.map(({ process, atMs, during, open, backMs }) => {
    const back =
      backMs === undefined ? 'killed again before it was back' : `back in ${seconds(backMs)}`
    const what = `${DURING[during]}, ${number(open)} orders under way, ${back}`
    return `${seconds(atMs).padStart(8)}  ${process.padEnd(width)}  ${what}`
  })
}

function backText(hits: readonly Hit[]): string {
  const times = hits.flatMap(({ backMs }) => backMs ?? []).sort((a, b) => a - b)
  const middle = times[times.length >> 1]
  return middle === undefined ? '' : `; ready again in ${seconds(middle)}`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
