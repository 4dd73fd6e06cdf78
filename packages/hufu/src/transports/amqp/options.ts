import type { Os } from '@hufu/os'
import { nodeOs } from '@hufu/os'
import { HufuError } from '../../errors.ts'

/** How the server is trusted, and who we are to it; PEM. For `amqps:` addresses. */
export interface AmqpTls {
  /** Authorities that the server's certificate may come from. Default: those of Node. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[]
  /** The client's own certificate and key, where the server asks for one. */
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly passphrase?: string
  /** The name that the server's certificate must have. Default: the host of the address. */
  readonly servername?: string
}

export interface AmqpOptions {
  /**
   * `amqp://user:password@host:port/vhost`, or `amqps:`. Several: nodes of one cluster, tried in
   * order. User and password default to `guest`, the virtual host to `/` (written `%2F`).
   */
  readonly url: string | readonly string[]
  /** Every exchange and queue is called `<prefix>…`. Default `hufu`; no slash, at most 64 bytes. */
  readonly prefix?: string
  /** Between two heartbeats, s; 0: none. Default: what the server proposes. */
  readonly heartbeatS?: number
  /**
   * A message not confirmed after so long is refused, to be tried again; another question without
   * an answer, such as a declaration, is given up, ms. Default 30 s.
   */
  readonly publishTimeoutMs?: number
  /** To connect to one address, ms. Default 10 s. */
  readonly connectTimeoutMs?: number
  /** `open` goes on trying to connect for so long, ms. Default 10 s. */
  readonly openTimeoutMs?: number
  /** A larger message is refused before it is sent, bytes. Default 16 MiB, as servers have it. */
  readonly messageBytesMax?: number
  /** Queues on a RabbitMQ. Default `quorum`: replicated, on disk before it confirms. */
  readonly queues?: 'quorum' | 'classic'
  readonly tls?: AmqpTls
  readonly os?: Os
}

/** The options with their defaults, checked. */
export interface Settings {
  readonly urls: readonly URL[]
  readonly prefix: string
  readonly heartbeatS: number | undefined
  readonly publishTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly openTimeoutMs: number
  readonly messageBytesMax: number
  readonly queues: 'quorum' | 'classic'
  readonly tls: AmqpTls
  readonly os: Os
}

const WHAT = 'Making an AMQP transport'
const PREFIX_BYTES_MAX = 64

export function settingsOf(given: string | AmqpOptions): Settings {
  const options = typeof given === 'string' ? { url: given } : given
  const { prefix = 'hufu', queues = 'quorum', tls = {}, os = nodeOs } = options
  if (prefix === '' || prefix.includes('/') || Buffer.byteLength(prefix) > PREFIX_BYTES_MAX) {
    const text = `no slash, 1 to ${PREFIX_BYTES_MAX} bytes`
    throw new HufuError('ARGUMENT', `${WHAT}: the prefix "${prefix}" cannot be used: ${text}`)
  }
  if (prefix.startsWith('amq.')) {
    throw new HufuError('ARGUMENT', `${WHAT}: names that begin with amq. are the server's own`)
  }
  return {
    urls: urlsOf(options.url),
    heartbeatS: options.heartbeatS === undefined ? undefined : atLeast(0, options, 'heartbeatS'),
    publishTimeoutMs: atLeast(1, options, 'publishTimeoutMs', 30_000),
    connectTimeoutMs: atLeast(1, options, 'connectTimeoutMs', 10_000),
    openTimeoutMs: atLeast(0, options, 'openTimeoutMs', 10_000),
    messageBytesMax: atLeast(1, options, 'messageBytesMax', 16 << 20),
    ...{ prefix, queues, tls, os },
  }
}

function urlsOf(given: string | readonly string[]): URL[] {
  const urls = (typeof given === 'string' ? [given] : given).map(urlOf)
  if (urls.length > 0) return urls
  throw new HufuError('ARGUMENT', `${WHAT}: no address is given`)
}

function urlOf(text: string): URL {
  // The text is not repeated in the error: it may hold a password.
  if (!URL.canParse(text)) throw new HufuError('ARGUMENT', `${WHAT}: an address cannot be read`)
  const url = new URL(text)
  if (url.protocol === 'amqp:' || url.protocol === 'amqps:') return url
  throw new HufuError('ARGUMENT', `${WHAT}: the scheme ${url.protocol} is neither amqp: nor amqps:`)
}

type Numbers =
  | 'heartbeatS'
  | 'publishTimeoutMs'
  | 'connectTimeoutMs'
  | 'openTimeoutMs'
  | 'messageBytesMax'

function atLeast(least: number, options: AmqpOptions, name: Numbers, standard = least): number {
  const value = options[name] ?? standard
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new HufuError('ARGUMENT', `${WHAT}: ${name} must be a whole number from ${least}`)
}
