import { readFileSync } from 'node:fs'
import type { AmqpLimits } from '@hufu/broker/amqp'
import { UsageError } from '../verb.ts'
import { type Address, parseAddress } from './address.ts'
import { OPTIONS, type Option, type OptionName, variableOf } from './options.ts'

/** What a number may be; else 1 to 1,000,000. */
const RANGES: Partial<Record<OptionName, readonly [least: number, most: number]>> = {
  'max-channels': [1, 65_535],
  'max-frame': [8_192, 1 << 20],
  'max-message': [1, 32 << 20],
  heartbeat: [0, 65_535],
}

/** What the server was told, checked. */
export interface Settings {
  readonly data: string
  readonly amqp: readonly Address[]
  readonly amqps: readonly Address[]
  /** PEM; there when `amqps` is. */
  readonly tls: { cert: string; key: string; ca?: string } | undefined
  /** Text of the definitions file. */
  readonly definitions: string | undefined
  readonly readyFile: string | undefined
  readonly product: string | undefined
  readonly productVersion: string | undefined
  readonly log: 'json' | 'text'
  readonly limits: AmqpLimits
}

type Flags = Readonly<Record<string, unknown>>
type Environment = Readonly<Record<string, string | undefined>>
type Values = ReadonlyMap<OptionName, readonly string[]>

/**
 * Each setting as given nearest: by flag, else by environment, else in the config file, else its
 * default. Reads the files that they name. `UsageError` for what is wrong.
 */
export function readSettings(flags: Flags, env: Environment): Settings {
  const values = gather(flags, env)
  const one = (name: OptionName) => values.get(name)?.[0]
  const text = (name: OptionName) => {
    const path = one(name)
    return path === undefined ? undefined : readText(name, path)
  }
  const [amqp, amqps] = [addresses(values, 'amqp'), addresses(values, 'amqps')]
  if (amqp.length + amqps.length === 0) {
    throw new UsageError("Cannot run 'hufu serve': amqp is none, and no amqps is given")
  }
  return {
    data: one('data')!,
    amqp,
    amqps,
    tls: tlsOf(amqps.length > 0, text('cert'), text('key'), text('ca')),
    definitions: checkedJson('definitions', text('definitions')),
    readyFile: one('ready-file'),
    product: one('product'),
    productVersion: one('product-version'),
    log: logForm(one('log')!),
    limits: limitsOf((name) => whole(name, one(name))),
  }
}

/** The data folder alone, found as the server finds it. `UsageError` for what is wrong. */
export function readDataFolder(flags: Flags, env: Environment): string {
  return gather(flags, env).get('data')![0]!
}

function gather(flags: Flags, env: Environment): Values {
  const near = (option: Option) =>
    valuesOf(`--${option.name}`, flags[option.name], option) ?? fromEnvironment(option, env)
  const config = OPTIONS.find(({ name }) => name === 'config')!
  const path = near(config)?.[0]
  const file: Flags = path === undefined ? {} : readConfig(path)
  const values = new Map<OptionName, readonly string[]>()
  for (const option of OPTIONS as readonly (Option & { name: OptionName })[]) {
    const given = near(option) ?? valuesOf(`${path}: ${option.name}`, file[option.name], option)
    const all = given ?? (option.fallback === undefined ? undefined : [option.fallback])
    if (all !== undefined) values.set(option.name, all)
  }
  return values
}

/** An empty variable counts as none. */
function fromEnvironment(option: Option, env: Environment): readonly string[] | undefined {
  const value = env[variableOf(option.name)]
  if (value === undefined || value === '') return undefined
  const values = option.repeat ? value.split(',').map((each) => each.trim()) : value
  return valuesOf(variableOf(option.name), values, option)
}

function valuesOf(where: string, value: unknown, option: Option): readonly string[] | undefined {
  if (value === undefined) return undefined
  const values: readonly unknown[] = option.repeat && Array.isArray(value) ? value : [value]
  if (values.every((each) => typeof each === 'string' && each !== '')) return values as string[]
  const wanted = option.repeat ? 'a text or a list of texts' : 'a text'
  throw new UsageError(`Cannot use ${where}: it is not ${wanted}, or is empty`)
}

function readConfig(path: string): Flags {
  const read: unknown = JSON.parse(checkedJson('config', readText('config', path)))
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw new UsageError(`Cannot use config ${path}: it is no JSON object`)
  }
  const known = new Set<string>(OPTIONS.map(({ name }) => name).filter((name) => name !== 'config'))
  const strange = Object.keys(read).find((key) => !known.has(key))
  if (strange === undefined) return read as Flags
  throw new UsageError(`Cannot use config ${path}: there is no setting '${strange}'`)
}

function checkedJson<T extends string | undefined>(name: string, text: T): T {
  try {
    if (text !== undefined) JSON.parse(text)
    return text
  } catch (error) {
    const { message } = error as SyntaxError
    throw new UsageError(`Cannot use ${name}: it is no JSON: ${message}`, { cause: error })
  }
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { message } = error as Error
    throw new UsageError(`Cannot read ${name} ${path}: ${message}`, { cause: error })
  }
}

function addresses(values: Values, name: 'amqp' | 'amqps'): readonly Address[] {
  const texts = values.get(name) ?? []
  if (texts.length === 1 && texts[0] === 'none') return []
  return texts.map((text) => parseAddress(name, text))
}

function tlsOf(wanted: boolean, cert?: string, key?: string, ca?: string): Settings['tls'] {
  if (!wanted) return undefined
  if (cert !== undefined && key !== undefined) return { cert, key, ...(ca !== undefined && { ca }) }
  throw new UsageError(`Cannot use amqps: ${cert === undefined ? 'cert' : 'key'} is not given`)
}

function limitsOf(of: (name: OptionName) => number | undefined): AmqpLimits {
  return {
    connectionsMax: of('max-connections'),
    connectionsPerAddressMax: of('max-per-address'),
    connectionRateMax: of('max-connection-rate'),
    channelsMax: of('max-channels'),
    frameBytesMax: of('max-frame'),
    messageBytesMax: of('max-message'),
    heartbeatS: of('heartbeat'),
  }
}

function whole(name: OptionName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const [least, most] = RANGES[name] ?? [1, 1_000_000]
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(
    `Cannot use ${name} '${text}': a whole number from ${least} to ${most} is wanted`,
  )
}

function logForm(text: string): 'json' | 'text' {
  if (text === 'json' || text === 'text') return text
  throw new UsageError(`Cannot use log '${text}': it is not json or text`)
}
