import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../../../tools/services/ports.ts'
import { isPostgres, runSql } from '../../../../tools/services/sql.ts'
import { treeCpuUs } from '../../process-usage.ts'
import { BRANCHES } from '../contestant.ts'
import type { Entrant } from '../entrant.ts'
import { postOf } from '../wire.ts'
import { DtmMissing, type DtmProgram } from './program.ts'

const START_MS = 20_000

/** More is slower with the databases' defaults: they allow about a hundred in all. */
const CONNECTIONS = 50

/**
 * `steps`: every step is in the database before the next call (`UpdateBranchSync`), as with the
 * others here. `default`: as dtm comes, the end of a branch is stored some time later.
 */
export type DtmMode = 'steps' | 'default'

interface DtmStart {
  readonly program: DtmProgram
  readonly mode: DtmMode
  /** Database of its own. */
  readonly url: string
  readonly participants: number
}

/** dtm as a process, called through its own HTTP front with `wait_result`. */
export class DtmServer implements Entrant {
  readonly port: number
  readonly #child: ChildProcess
  readonly #participants: number
  #said = ''

  private constructor(child: ChildProcess, port: number, participants: number) {
    this.#child = child
    this.port = port
    this.#participants = participants
    child.stderr?.on('data', (text) => {
      this.#said = `${this.#said}${text}`.slice(-2_000)
    })
  }

  static async start({ program, mode, url, participants }: DtmStart): Promise<DtmServer> {
    await runSql(url, ...tablesOf(program, url))
    const port = await freePorts()
    const env = { ...process.env, ...settings(url, port, mode) }
    const child = spawn(program.command, [], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const server = new DtmServer(child, port, participants)
    process.once('exit', () => child.kill('SIGKILL'))
    try {
      await server.#accepts()
      return server
    } catch (error) {
      await server.end()
      throw error
    }
  }

  submit(id: string): string {
    const call = (branch: string, op: string) =>
      `http://127.0.0.1:${this.#participants}/transfer?branch=${branch}&op=${op}`
    const saga = {
      ...{ gid: id, trans_type: 'saga', wait_result: true, request_timeout: 30 },
      steps: BRANCHES.map((branch) => ({
        action: call(branch, 'action'),
        compensate: call(branch, 'compensate'),
      })),
      payloads: BRANCHES.map(() => JSON.stringify({ id, cents: 100 })),
    }
    return postOf('/api/dtmsvr/submit', JSON.stringify(saga))
  }

  /** dtm does not tell its commits. */
  async usage() {
    return { cpuUs: treeCpuUs(this.#child.pid ?? 0), commits: 0 }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  async #accepts(): Promise<void> {
    const until = performance.now() + START_MS
    while (!(await isOpen(this.port))) {
      if (this.#child.exitCode !== null) throw new DtmMissing(`it ended: ${this.#said}`)
      if (performance.now() > until) throw new DtmMissing(`it does not listen: ${this.#said}`)
      await sleep(50)
    }
  }
}

function settings(url: string, port: number, mode: DtmMode): Record<string, string> {
  const { hostname, port: at, username, password, pathname } = new URL(url)
  return {
    STORE_DRIVER: isPostgres(url) ? 'postgres' : 'mysql',
    ...{ STORE_HOST: hostname, STORE_PORT: at, STORE_USER: username },
    ...{ STORE_PASSWORD: decodeURIComponent(password), STORE_DB: pathname.slice(1) },
    ...{ STORE_MAX_OPEN_CONNS: `${CONNECTIONS}`, STORE_MAX_IDLE_CONNS: `${CONNECTIONS}` },
    ...{ HTTP_PORT: `${port}`, GRPC_PORT: `${port + 1}`, JSON_RPC_PORT: `${port + 2}` },
    ...{
      LOG_LEVEL: 'error',
      UPDATE_BRANCH_SYNC: mode === 'steps' ? '1' : '0',
      GIN_MODE: 'release',
    },
  }
}

/** MariaDB's are written for a database of another name. */
function tablesOf({ tables }: DtmProgram, url: string): string[] {
  const kind = isPostgres(url) ? 'postgres' : 'mysql'
  const text = readFileSync(join(tables, `dtmsvr.storage.${kind}.sql`), 'utf8')
  return text
    .split(';')
    .map((statement) => statement.replaceAll(/\bdtm\./g, '').trim())
    .filter((statement) => statement !== '' && !/^create database/i.test(statement))
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
