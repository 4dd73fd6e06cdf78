import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { buildPackages, PUBLISHED } from './publish/build-package.ts'
import { readManifest } from './publish/manifest.ts'
import { cannotRunHere } from './skip.ts'

const ROOT = join(import.meta.dirname, '..')
const hasNpm = spawnSync('npm', ['--version']).status === 0

/** A user's project with the packed packages installed, as if they came from a registry. */
const project = mkdtempSync(join(tmpdir(), 'hufu-user-'))
const entries = PUBLISHED.flatMap((dir) => {
  const { name, exports = {} } = readManifest(join(ROOT, dir))
  return Object.keys(exports).map((key) => join(name, key))
})

before(async () => {
  if (!hasNpm) return
  const built = join(project, 'built')
  const packed = join(project, 'packed')
  mkdirSync(packed)
  await buildPackages(ROOT, (dir) => join(built, dir))
  for (const dir of PUBLISHED) inProject('npm', ['pack', '-s', join(built, dir)], packed)
  writeFileSync(join(project, 'package.json'), '{"name":"user","type":"module"}')
  const tarballs = readdirSync(packed).map((name) => `./packed/${name}`)
  inProject('npm', ['install', '-s', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs])
  const { peerDependencies } = readManifest(join(ROOT, 'packages/hufu'))
  for (const name of Object.keys(peerDependencies as object)) linkPeer(name)
})

/** What a user of the entry installs beside: the repository's own copy. */
function linkPeer(name: string): void {
  const path = join(project, 'node_modules', name)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules', name), path)
}

after(() => rmSync(project, { recursive: true }))

function inProject(command: string, args: string[], cwd = project): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8' })
}

test('every entry of every published package is imported by plain JavaScript', (t) => {
  if (!hasNpm) return cannotRunHere(t, 'npm is not installed')
  const text = entries.map(
    (name) => `console.log(Object.keys(await import('${name}')).length > 0)\n`,
  )
  writeFileSync(join(project, 'use.js'), text.join(''))
  assert.equal(inProject(process.execPath, ['use.js']), 'true\n'.repeat(entries.length))
})

test('every entry has its types', (t) => {
  if (!hasNpm) return cannotRunHere(t, 'npm is not installed')
  const text = entries.map((name, at) => `export * as e${at} from '${name}'\n`)
  writeFileSync(join(project, 'use.ts'), text.join(''))
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    strict: true,
    noEmit: true,
    typeRoots: [join(ROOT, 'node_modules/@types')],
    types: ['node'],
  }
  const config = JSON.stringify({ compilerOptions, files: ['use.ts'] })
  writeFileSync(join(project, 'tsconfig.json'), config)
  const tsc = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), { cwd: project, encoding: 'utf8' })
  assert.equal(tsc.stdout, '')
  assert.equal(tsc.status, 0)
})

test('the installed command hufu starts', (t) => {
  if (!hasNpm) return cannotRunHere(t, 'npm is not installed')
  assert.match(
    inProject('npx', ['--no-install', 'hufu', '--version']),
    /^hufu \d+\.\d+\.\d+ on Node/,
  )
})

test('no source and no test is published', (t) => {
  if (!hasNpm) return cannotRunHere(t, 'npm is not installed')
  const files = readdirSync(join(project, 'node_modules'), { recursive: true, encoding: 'utf8' })
  const ours = files.filter((path) => /^(?:@hufu|hufu)\//.test(path))
  assert.ok(ours.length > 0)
  const wrong = ours.filter((path) => /(?<!\.d)\.ts$|\.(?:test|int|fixture)\./.test(path))
  assert.deepEqual(wrong, [])
})
