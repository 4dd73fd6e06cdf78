import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Program } from '../run/program.ts'

const HOME = join(import.meta.dirname, '../..')
const RUN_MS = 300_000
const run = promisify(execFile)

/** How the programs of a client in another language are made and started. */
export interface Toolchain {
  readonly client: string
  /** Brings in the client's library and builds; rejects with what is missing. */
  prepare(place: Place): Promise<Start>
}

/** The command that plays a scenario, without its name. */
export interface Start {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Place {
  /** Where its sources are. */
  readonly sources: string
  /** What is fetched and built; kept from run to run. */
  readonly built: string
}

/** `interop/python` and `interop/.interop/python`. */
export function placeOf(folder: string): Place {
  const built = join(HOME, '.interop', folder)
  mkdirSync(built, { recursive: true })
  return { sources: join(HOME, folder), built }
}

/** Rejects with the last line that the command wrote. */
export async function tool(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await run(command, [...args], { cwd, timeout: RUN_MS })
    return stdout
  } catch (error) {
    const { code, stderr = '', stdout = '', message } = error as ToolError
    if (code === 'ENOENT') throw new Error(`${command} is not installed`)
    const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1)
    throw new Error(`${command} ${args[0] ?? ''}: ${said || message}`)
  }
}

interface ToolError extends Error {
  readonly code?: string | number
  readonly stderr?: string
  readonly stdout?: string
}

/** A program for each scenario that the client has. */
export async function programsOf({ client }: Toolchain, start: Start): Promise<Program[]> {
  const env = { ...process.env, ...start.env }
  const { stdout } = await run(start.command, [...start.args, '--list'], { env })
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((scenario) => ({
      ...start,
      name: `${client}/${scenario}`,
      args: [...start.args, scenario],
    }))
}
