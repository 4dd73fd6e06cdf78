import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { UsageError } from '../verb.ts'
import { readSettings } from './settings.ts'

const base = mkdtempSync(join(tmpdir(), 'hufu-settings-'))
after(() => rmSync(base, { recursive: true }))

function file(name: string, content: unknown): string {
  const path = join(base, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const HERE = { host: '127.0.0.1', port: 5672 }

test('without any setting it is one address of this machine, logged as JSON', () => {
  assert.deepEqual(readSettings({}, {}), {
    data: 'hufu-data',
    amqp: [HERE],
    amqps: [],
    tls: undefined,
    definitions: undefined,
    readyFile: undefined,
    product: undefined,
    productVersion: undefined,
    log: 'json',
    limits: {
      ...{ connectionsMax: undefined, connectionsPerAddressMax: undefined },
      ...{ connectionRateMax: undefined, channelsMax: 2_047, frameBytesMax: 131_072 },
      ...{ messageBytesMax: 16_777_216, heartbeatS: 60 },
    },
  })
})

test('limits are whole numbers within their range', () => {
  const { limits } = readSettings({ 'max-connections': '5', heartbeat: '0' }, {})
  assert.deepEqual([limits.connectionsMax, limits.heartbeatS], [5, 0])
  for (const [name, value] of [
    ['max-connections', '0'],
    ['max-channels', '65536'],
    ['max-frame', '8191'],
    ['max-message', '1e6'],
    ['heartbeat', '-1'],
  ] as const) {
    const text = new RegExp(`^Cannot use ${name} '${value}': a whole number from `)
    assert.throws(() => readSettings({ [name]: value }, {}), { message: text })
  }
})

test('the nearest wins: flag, environment, config file, default', () => {
  const config = file('all.json', { data: 'from-file', product: 'from-file', log: 'text' })
  const env = { HUFU_DATA: 'from-env', HUFU_PRODUCT: 'from-env', HUFU_CONFIG: config }
  const settings = readSettings({ data: 'from-flag' }, env)
  assert.equal(settings.data, 'from-flag')
  assert.equal(settings.product, 'from-env')
  assert.equal(settings.log, 'text')
  assert.deepEqual(settings.amqp, [HERE])
})

test('several addresses: repeated flags, commas in the environment, a list in the file', () => {
  const [one, two] = [HERE, { host: '::1', port: 0 }]
  const texts = ['127.0.0.1:5672', '[::1]:0']
  assert.deepEqual(readSettings({ amqp: texts }, {}).amqp, [one, two])
  assert.deepEqual(readSettings({}, { HUFU_AMQP: '127.0.0.1:5672, [::1]:0' }).amqp, [one, two])
  assert.deepEqual(readSettings({ config: file('list.json', { amqp: texts }) }, {}).amqp, [
    one,
    two,
  ])
  const single = file('single.json', { amqp: '[::1]:0' })
  assert.deepEqual(readSettings({ config: single }, {}).amqp, [two])
})

test('a variable that is empty counts as none', () => {
  assert.equal(readSettings({}, { HUFU_DATA: '', HUFU_PRODUCT: '' }).data, 'hufu-data')
})

test('files are read: certificate, key, authorities and definitions', () => {
  const flags = {
    amqp: ['none'],
    amqps: [':0'],
    cert: file('cert', 'CERT'),
    key: file('key', 'KEY'),
    definitions: file('definitions.json', '{"queues":[]}'),
  }
  const settings = readSettings(flags, {})
  assert.deepEqual(settings.amqp, [])
  assert.deepEqual(settings.tls, { cert: 'CERT', key: 'KEY' })
  assert.equal(settings.definitions, '{"queues":[]}')
  const { tls } = readSettings({ ...flags, ca: file('ca', 'CA') }, {})
  assert.deepEqual(tls, { cert: 'CERT', key: 'KEY', ca: 'CA' })
})

test('what is wrong is said, with the place it was given at', () => {
  const cert = file('c', 'CERT')
  const wrong: [flags: Record<string, unknown>, env: Record<string, string>, message: RegExp][] = [
    [{ data: '' }, {}, /^Cannot use --data: it is not a text, or is empty$/],
    [{ amqp: ['127.0.0.1'] }, {}, /^Cannot use amqp '127\.0\.0\.1': it is not HOST:PORT/],
    [{}, { HUFU_AMQP: 'a:1,,b:2' }, /^Cannot use HUFU_AMQP: it is not a text or a list of texts/],
    [{ amqp: ['none'] }, {}, /^Cannot run 'hufu serve': amqp is none, and no amqps is given$/],
    [{ amqps: [':0'] }, {}, /^Cannot use amqps: cert is not given$/],
    [{ amqps: [':0'], cert }, {}, /^Cannot use amqps: key is not given$/],
    [{ amqps: [':0'], cert: join(base, 'no') }, {}, /^Cannot read cert .*no: ENOENT/],
    [{ definitions: cert }, {}, /^Cannot use definitions: it is no JSON: /],
    [{ log: 'xml' }, {}, /^Cannot use log 'xml': it is not json or text$/],
    [{ config: join(base, 'no') }, {}, /^Cannot read config .*no: ENOENT/],
    [{}, { HUFU_CONFIG: cert }, /^Cannot use config: it is no JSON: /],
    [{ config: file('1', [1]) }, {}, /^Cannot use config .*1: it is no JSON object$/],
    [{ config: file('2', { dta: 'x' }) }, {}, /^Cannot use config .*2: there is no setting 'dta'$/],
    [
      { config: file('3', { data: 3 }) },
      {},
      /^Cannot use .*3: data: it is not a text, or is empty$/,
    ],
    [{ config: file('4', { config: 'x' }) }, {}, /there is no setting 'config'$/],
  ]
  for (const [flags, env, message] of wrong) {
    assert.throws(
      () => readSettings(flags, env),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
      String(message),
    )
  }
})
