/** One setting of the server: a flag, a variable of the environment, a key of the config file. */
export interface Option {
  /** Name of the flag and of the key in the config file. */
  readonly name: string
  /** What stands for its value in the help. */
  readonly value: string
  readonly about: string
  /** May be given several times. In the environment its values are separated by commas. */
  readonly repeat?: true
  /** Its value when it is given nowhere. */
  readonly fallback?: string
}

/** Every setting, in the order of the help. */
export const OPTIONS = [
  {
    name: 'data',
    value: 'DIR',
    about: 'folder of the messages, made when missing',
    fallback: 'hufu-data',
  },
  {
    name: 'amqp',
    value: 'HOST:PORT',
    about: 'where AMQP 0-9-1 clients connect; port 0 takes a free one',
    repeat: true,
    fallback: '127.0.0.1:5672',
  },
  {
    name: 'amqps',
    value: 'HOST:PORT',
    about: 'where they connect with TLS; needs cert and key',
    repeat: true,
  },
  { name: 'cert', value: 'FILE', about: "the server's certificate and its chain, PEM" },
  { name: 'key', value: 'FILE', about: 'its private key, PEM' },
  {
    name: 'ca',
    value: 'FILE',
    about: 'authorities of client certificates, PEM; clients are asked for one when it is given',
  },
  { name: 'definitions', value: 'FILE', about: 'RabbitMQ definitions, imported at each start' },
  {
    name: 'ready-file',
    value: 'FILE',
    about: 'written when every address accepts, removed at start and stop',
  },
  {
    name: 'max-connections',
    value: 'N',
    about: 'connections open at a time; one more is told 530',
  },
  {
    name: 'max-per-address',
    value: 'N',
    about: 'connections from one address, but for 127.0.0.0/8 and ::1; one more is dropped',
  },
  {
    name: 'max-connection-rate',
    value: 'N',
    about: 'new ones a second from one such address; more are dropped',
  },
  { name: 'max-channels', value: 'N', about: 'of a connection', fallback: '2047' },
  { name: 'max-frame', value: 'BYTES', about: 'largest frame', fallback: '131072' },
  { name: 'max-message', value: 'BYTES', about: 'largest body of a message', fallback: '16777216' },
  { name: 'heartbeat', value: 'S', about: 'offered to clients; 0: none', fallback: '60' },
  { name: 'product', value: 'NAME', about: 'what clients are told the server is' },
  { name: 'product-version', value: 'V', about: 'and of which version' },
  {
    name: 'log',
    value: 'json|text',
    about: 'form of the log on standard error',
    fallback: 'json',
  },
  {
    name: 'config',
    value: 'FILE',
    about: 'JSON object with these names as its keys; flags and environment come first',
  },
] as const satisfies readonly Option[]

export type OptionName = (typeof OPTIONS)[number]['name']

/** The variable of the environment: `HUFU_READY_FILE` for `ready-file`. */
export function variableOf(name: string): string {
  return `HUFU_${name.toUpperCase().replaceAll('-', '_')}`
}

/** A line of help for each setting. */
export function optionLines(options: readonly Option[] = OPTIONS): string[] {
  const calls = options.map(({ name, value }) => `--${name} ${value}`)
  const width = Math.max(...calls.map((call) => call.length))
  return options.map(({ about, repeat, fallback }, at) => {
    const notes = [repeat && 'repeatable', fallback && `default ${fallback}`]
    const said = [about, ...notes.filter((note) => note)].join('; ')
    return `${calls[at]!.padEnd(width)}  ${said}`
  })
}
