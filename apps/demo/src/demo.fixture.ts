import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessName } from './run/process-names.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

/** The fields that the project promises, in their order. */
export const FIELDS = `orders placed repeated rejected kills lost duplicated outOfOrder openReceipts
  parked consistent seconds processes`.split(/\s+/)

export const NOTHING_WRONG = {
  lost: 0,
  duplicated: 0,
  outOfOrder: 0,
  openReceipts: 0,
  consistent: true,
}

/** A folder of the test's own. */
export async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hufu-demo-test-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/**
 * Starts the demo; its temporary folders are made in `temporary`. `detached`: in a process group of
 * its own, as a terminal does.
 */
export function start(args: readonly string[], temporary: string, detached = false) {
  const env = { ...process.env, TMPDIR: temporary }
  const child = spawn(process.execPath, [MAIN, ...args], { env, detached })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
  const said = async (text: RegExp) => {
    while (!text.test(err)) {
      if (child.exitCode !== null) throw new Error(`The demo ended without saying ${text}:\n${err}`)
      await sleep(20)
    }
  }
  return { child, ended, said, text: () => err }
}

/** The object in the last line of standard output. */
export function lastLine(out: string): Record<string, unknown> {
  assert.ok(out.endsWith('\n'))
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')
}

/** What it counted, without what differs from run to run. */
export function countsOf({ seconds, processes, ...counts }: Record<string, unknown>) {
  assert.ok(typeof seconds === 'number' && seconds > 0)
  assert.ok(typeof processes === 'object')
  return counts
}

/** An order as a line of the input. */
export function order(id: string, change: object = {}): string {
  return JSON.stringify({ id, userId: 'u1', sku: 's1', cents: 1999, couponId: null, ...change })
}

/** Ids of the processes of the run in `data`. */
export function processesOf(data: string): Record<ProcessName, number> {
  return JSON.parse(readFileSync(join(data, 'processes.json'), 'utf8'))
}

/** Which of the run's processes live, `ms` from now at the latest; none is what is hoped for. */
export async function living(pids: readonly number[], ms = 0): Promise<number[]> {
  const until = performance.now() + ms
  for (;;) {
    const found = pids.filter(runs)
    if (found.length === 0 || performance.now() >= until) return found
    await sleep(50)
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
