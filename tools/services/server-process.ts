import type { ChildProcess } from 'node:child_process'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRoot, NOBODY } from './home.ts'
import type { Command, Kind, Place } from './kind.ts'
import { endsWithUs } from './leftovers.ts'
import { descendants, killTree, signal, untilGone } from './process-tree.ts'

const STOP_MS = 20_000
const GONE_MS = 10_000
const CHILDREN_MS = 1000
const LOG_LINES = 20

/** Linux can kill a process when its parent ends, however that came. */
const DIE_WITH_PARENT = ['--pdeathsig', 'KILL']
const canFollowParent = spawnSync('setpriv', [...DIE_WITH_PARENT, 'true']).status === 0

/** A server's process; its output goes to `server.log` in its folder. */
export interface ServerProcess {
  readonly pid: number
  /** How it ended; undefined while it runs. */
  ended(): string | undefined
  /** In the ordinary way; where that takes longer than 20 s, by `kill`. */
  stop(): Promise<void>
  /** With all its children; returns when they are gone. */
  kill(): Promise<void>
}

/** Starts the server. It does not keep this process alive, and where it can, ends with it. */
export async function launch(kind: Kind, place: Place): Promise<ServerProcess> {
  const child = start(kind, place, kind.serve(place))
  child.unref()
  const { pid } = child
  if (pid === undefined) {
    const [error] = await once(child, 'error')
    throw new Error(`Cannot start ${kind.name}: ${error.message}`, { cause: error })
  }
  const ended = () => {
    if (child.signalCode) return `ended by ${child.signalCode}`
    return child.exitCode === null ? undefined : `exit code ${child.exitCode}`
  }
  const kill = async () => {
    if (ended()) return
    const killed = killTree(pid)
    if (await untilGone(killed, GONE_MS)) return
    throw new Error(`Cannot kill ${kind.name}: of processes ${killed.join(', ')} some still run`)
  }
  const stop = async () => {
    if (ended()) return
    const below = descendants(pid)
    signal(pid, kind.stopSignal)
    if (!(await untilGone([pid], STOP_MS))) return kill()
    // What a server leaves behind, as Erlang's port mapper.
    if (!(await untilGone(below, CHILDREN_MS))) for (const child of below) signal(child, 'SIGKILL')
  }
  return { pid, ended, stop, kill }
}

/** Runs the commands that prepare a new folder; throws with the end of the log when one fails. */
export async function prepare(kind: Kind, place: Place): Promise<void> {
  for (const command of kind.prepare(place)) {
    const [code] = await once(start(kind, place, command), 'exit')
    if (code === 0) continue
    throw new Error(`Cannot set up ${kind.name}: exit code ${code}; ${tailOfLog(place)}`)
  }
}

/** The last lines of the log, for an error. */
export function tailOfLog(place: Place): string {
  const lines = readFileSync(logOf(place), 'utf8').trimEnd().split('\n').slice(-LOG_LINES)
  return `its log ends:\n${lines.map((line) => `  ${line}`).join('\n')}`
}

function logOf(place: Place): string {
  return join(place.folder, 'server.log')
}

/**
 * The same command, killed when this process is gone: its data goes too, and MariaDB does not hear
 * SIGTERM while it starts.
 */
function followingUs({ path, args }: Command): [path: string, args: readonly string[]] {
  return canFollowParent ? ['setpriv', [...DIE_WITH_PARENT, '--', path, ...args]] : [path, args]
}

function start(kind: Kind, place: Place, command: Command): ChildProcess {
  const log = openSync(logOf(place), 'a')
  const [path, args] = followingUs(command)
  const child = spawn(path, args, {
    cwd: place.folder,
    env: { PATH: process.env.PATH, HOME: place.folder, ...place.program.env, ...command.env },
    stdio: [command.input === undefined ? 'ignore' : 'pipe', log, log],
    detached: true,
    ...(isRoot && kind.refusesRoot ? NOBODY : {}),
  })
  closeSync(log)
  endsWithUs(child)
  // A program that ends early does not read all its input: its exit code says so.
  child.stdin?.on('error', () => {})
  child.stdin?.end(command.input)
  return child
}
