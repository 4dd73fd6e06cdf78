import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cannotRunHere } from '../../../../tools/skip.ts'
import { AmqpClient } from './amqp-client.fixture.ts'
import { ServeProcess } from './process.fixture.ts'
import { readSettings } from './settings.ts'

const base = mkdtempSync(join(tmpdir(), 'hufu-serve-'))
after(() => rmSync(base, { recursive: true }))

const FAILING = join(import.meta.dirname, 'failing-disk.fixture.ts')

let places = 0

/** A data folder and a ready file of its own. */
function place() {
  const dir = join(base, String(++places))
  const readyFile = `${dir}.ready`
  return { dir, readyFile, args: ['--data', dir, '--ready-file', readyFile, '--amqp', ':0'] }
}

const readyIn = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const certificate = (name: string) =>
  join(import.meta.dirname, '../../../../packages/os/fixtures/tls', name)

/** Runs `body` with a server that is ready, and ends it. */
async function served(
  args: readonly string[],
  body: (server: ServeProcess) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const server = new ServeProcess(args, env)
  try {
    await server.event('ready')
    await body(server)
  } finally {
    await server.end()
  }
}

test('the ready file names what accepts; SIGTERM stops in order and removes it', async () => {
  const { args, readyFile } = place()
  await served(args, async (server) => {
    const { pid, amqp, amqps } = readyIn(readyFile)
    assert.equal(pid, server.child.pid)
    assert.equal(amqp.length, 1)
    assert.match(amqp[0], /^127\.0\.0\.1:[1-9]\d+$/)
    assert.deepEqual(amqps, [])
    const client = await AmqpClient.connect(amqp[0])
    client.destroy()
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
    assert.equal(existsSync(readyFile), false)
    assert.equal(server.out, 'Stopped in order\n')
    assert.deepEqual(
      server.log.map(({ event }) => event),
      ['starting', 'created', 'listening', 'listening', 'ready', 'stopping', 'stopped'],
    )
  })
})

test('stopping tells connections 320 and accepts no more', async () => {
  const { args, readyFile } = place()
  await served(args, async (server) => {
    const address = readyIn(readyFile).amqp[0]
    const client = await AmqpClient.connect(address)
    server.kill('SIGINT')
    assert.equal(await client.closedWith(), 320)
    assert.equal(existsSync(readyFile), false)
    const late = AmqpClient.connect(address)
    await assert.rejects(late)
    client.closeOk()
    assert.equal(await server.ended(), 0)
    await client.over()
  })
})

test('a second signal ends it at once, with 1', async () => {
  const { args, readyFile } = place()
  await served(args, async (server) => {
    const client = await AmqpClient.connect(readyIn(readyFile).amqp[0])
    server.kill('SIGTERM')
    assert.equal(await client.closedWith(), 320)
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 1)
    assert.equal(server.log.at(-1)?.event, 'ended at once')
    assert.equal(server.out, '')
    client.destroy()
  })
})

test('a signal that a terminal sends twice at a time counts once', async () => {
  const { args, readyFile } = place()
  await served(args, async (server) => {
    const client = await AmqpClient.connect(readyIn(readyFile).amqp[0])
    server.kill('SIGINT')
    server.kill('SIGINT')
    assert.equal(await client.closedWith(), 320)
    client.closeOk()
    assert.equal(await server.ended(), 0)
  })
})

test('a signal during the start stops it; nothing is left', async () => {
  const { args, readyFile } = place()
  const server = new ServeProcess(args)
  await server.event('starting')
  server.kill('SIGTERM')
  assert.equal(await server.ended(), 0)
  assert.equal(server.log.at(-1)?.event, 'stopped')
  assert.equal(existsSync(readyFile), false)
})

test('after kill -9 the stale ready file goes at the start, and the start says so', async () => {
  const { args, readyFile } = place()
  await served(args, async (server) => {
    server.kill('SIGKILL')
    assert.equal(await server.ended(), 'SIGKILL')
  })
  assert.ok(existsSync(readyFile))
  const again = new ServeProcess([...args, '--amqp', '192.0.2.1:1'])
  assert.equal(await again.ended(), 1)
  assert.equal(existsSync(readyFile), false)
  const recovered = await again.event('recovered')
  assert.equal(recovered.cleanStop, false)
})

test('several addresses, IPv6 among them, each accept', async (t) => {
  const { args, readyFile } = place()
  if (!(await canListen('::1'))) return cannotRunHere(t, 'no IPv6')
  await served([...args, '--amqp', '[::1]:0'], async () => {
    const { amqp } = readyIn(readyFile)
    assert.equal(amqp.length, 2)
    assert.match(amqp[1], /^\[::1\]:\d+$/)
    for (const address of amqp) (await AmqpClient.connect(address)).destroy()
  })
})

test('with TLS clients connect the same way', async () => {
  const { args, readyFile } = place()
  const files = ['--cert', certificate('server.pem'), '--key', certificate('server.key')]
  await served([...args.slice(0, 4), '--amqp', 'none', '--amqps', ':0', ...files], async () => {
    const { amqps } = readyIn(readyFile)
    const client = await AmqpClient.connect(amqps[0], readFileSync(certificate('ca.pem'), 'utf8'))
    client.destroy()
  })
})

test('environment and config file do what flags do', async () => {
  const { dir, readyFile } = place()
  const config = `${dir}.json`
  writeFileSync(config, JSON.stringify({ data: dir, amqp: [':0', ':0'], log: 'json' }))
  const env = { HUFU_CONFIG: config, HUFU_READY_FILE: readyFile }
  await served(
    [],
    async () => {
      assert.equal(readyIn(readyFile).amqp.length, 2)
      assert.ok(existsSync(join(dir, 'manifest')))
    },
    env,
  )
})

test('an address in use ends the start with 1 and says which', async () => {
  const { args, readyFile } = place()
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const server = new ServeProcess([...args, '--amqp', `127.0.0.1:${port}`])
  try {
    assert.equal(await server.ended(), 1)
    const text = `Cannot listen on 127.0.0.1:${port}: the address is in use (EADDRINUSE)`
    assert.equal(server.out, `${text}\n`)
    assert.deepEqual(
      [server.log.at(-1)?.event, server.log.at(-1)?.error, server.log.at(-1)?.code],
      ['failed', text, 'EADDRINUSE'],
    )
    assert.equal(existsSync(readyFile), false)
  } finally {
    other.close()
  }
})

test('a data folder that another server has ends the start with 1', async () => {
  const { dir, args } = place()
  await served(args, async () => {
    const second = new ServeProcess(['--data', dir, '--amqp', ':0'])
    assert.equal(await second.ended(), 1)
    assert.equal(second.log.at(-1)?.code, 'FOLDER_LOCKED')
  })
})

test('a failed write ends it with 1, and says what failed', async () => {
  const { dir, readyFile } = place()
  const settings = readSettings({ data: dir, 'ready-file': readyFile, amqp: [':0'] }, {})
  const server = ServeProcess.ofScript(FAILING, [JSON.stringify(settings)])
  try {
    await server.event('ready')
    const client = await AmqpClient.connect(readyIn(readyFile).amqp[0])
    server.kill('SIGUSR2')
    await server.event('the disk fails from now on')
    await client.declareQueue('orders')
    assert.equal(await server.ended(), 1)
    const last = server.log.at(-1)
    assert.deepEqual([last?.event, last?.code], ['failed', 'LOG_FAILED'])
    assert.match(String(last?.error), /EIO/)
    assert.equal(existsSync(readyFile), false)
    client.destroy()
  } finally {
    await server.end()
  }
})

test('what is stored is for nobody else to read, the ready file is', async () => {
  const { dir, readyFile, args } = place()
  await served(args, async () => {
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
    assert.equal(mode(dir), '700')
    for (const { name } of readdirSync(dir, { withFileTypes: true }).filter((each) =>
      each.isFile(),
    )) {
      assert.equal(mode(join(dir, name)), '600', name)
    }
    assert.equal(mode(readyFile), '644')
  })
})

test('definitions are imported before anybody can connect', async () => {
  const { dir, args } = place()
  const definitions = `${dir}.definitions.json`
  const queue = { name: 'orders', vhost: '/', durable: true, auto_delete: false, arguments: {} }
  writeFileSync(definitions, JSON.stringify({ vhosts: [{ name: '/' }], queues: [queue] }))
  await served([...args, '--definitions', definitions], async (server) => {
    const events = server.log.map(({ event }) => event)
    assert.ok(events.indexOf('definitions imported') < events.indexOf('listening'))
    assert.equal((await server.event('definitions imported')).queues, 1)
  })
})

test('wrong usage ends with 2 and opens nothing', async () => {
  const { dir } = place()
  const wrong: [args: string[], message: RegExp][] = [
    [['--dance'], /^Cannot run 'hufu serve': Unknown option '--dance'/],
    [['there'], /^Cannot run 'hufu serve': it takes 0 arguments/],
    [['--amqp', 'somewhere'], /^Cannot use amqp 'somewhere': it is not HOST:PORT/],
    [['--amqps', ':0'], /^Cannot use amqps: cert is not given/],
    [['--definitions', join(base, 'none')], /^Cannot read definitions .*none: ENOENT/],
    [['--log', 'xml'], /^Cannot use log 'xml'/],
  ]
  for (const [args, message] of wrong) {
    const server = new ServeProcess([...args, '--data', dir])
    assert.equal(await server.ended(), 2, args.join(' '))
    assert.match(server.err, message)
    assert.equal(server.out, '')
  }
  assert.equal(existsSync(dir), false)
})

test('the log for people has one line per event', async () => {
  const { args } = place()
  const server = new ServeProcess([...args, '--log', 'text'])
  try {
    while (!/ info {2}ready\n/.test(server.err)) await server.more()
    server.kill('SIGTERM')
    assert.equal(await server.ended(), 0)
    assert.match(server.err, /^\S+Z info {2}starting pid=\d+ data=\S+\n\S+Z info {2}created\n/)
  } finally {
    await server.end()
  }
})

test('what clients are told the server is can be set', async () => {
  const { args, readyFile } = place()
  const named = ['--product', 'Tally', '--product-version', '3.13.7']
  await served([...args, ...named], async () => {
    const properties = await AmqpClient.serverProperties(readyIn(readyFile).amqp[0])
    assert.ok(properties.includes('Tally'))
    assert.ok(properties.includes('3.13.7'))
  })
})

async function canListen(host: string): Promise<boolean> {
  const server = createServer()
  const listening = new Promise<boolean>((resolve) => {
    server.once('listening', () => resolve(true))
    server.once('error', () => resolve(false))
  })
  server.listen(0, host)
  const can = await listening
  server.close()
  return can
}
