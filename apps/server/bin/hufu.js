#!/usr/bin/env node
// Plain JavaScript on purpose: it must start on an old Node to say what is needed, or to find a
// newer Node among the installed packages and go on with that.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const MAJOR_MIN = 24
const here = dirname(fileURLToPath(import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= MAJOR_MIN) {
  const source = join(here, '../src/main.ts')
  const main = existsSync(source) ? source : join(here, '../src/main.js')
  const { main: start } = await import(pathToFileURL(main).href)
  await start(process.argv.slice(2))
} else {
  const node = process.env.HUFU_RESTARTED ? undefined : (findNode(here) ?? findNode(process.cwd()))
  if (node) restart(node)
  else refuse()
}

/** The nearest Node that npm installed in `dir` or above. */
function findNode(dir) {
  const path = join(dir, 'node_modules/node/bin/node')
  if (existsSync(path)) return path
  return dirname(dir) === dir ? undefined : findNode(dirname(dir))
}

function restart(node) {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const env = { ...process.env, HUFU_RESTARTED: '1' }
  const child = spawn(node, args, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('close', (code) => {
    process.exitCode = code ?? 1
  })
}

function refuse() {
  const reason = `Node ${MAJOR_MIN} or later is needed, this is ${process.versions.node}`
  console.error(`Cannot start hufu: ${reason}`)
  if (process.argv.includes('--json')) console.log(JSON.stringify({ skipped: reason }))
  process.exitCode = 3
}
