import { shortText } from '@hufu/wire/amqp091'

/** Reply codes and their names (AMQP 0-9-1 §1.2, RabbitMQ's errata). */
const NAMES = {
  311: 'CONTENT_TOO_LARGE',
  312: 'NO_ROUTE',
  313: 'NO_CONSUMERS',
  320: 'CONNECTION_FORCED',
  402: 'INVALID_PATH',
  403: 'ACCESS_REFUSED',
  404: 'NOT_FOUND',
  405: 'RESOURCE_LOCKED',
  406: 'PRECONDITION_FAILED',
  501: 'FRAME_ERROR',
  502: 'SYNTAX_ERROR',
  503: 'COMMAND_INVALID',
  504: 'CHANNEL_ERROR',
  505: 'UNEXPECTED_FRAME',
  506: 'RESOURCE_ERROR',
  530: 'NOT_ALLOWED',
  540: 'NOT_IMPLEMENTED',
  541: 'INTERNAL_ERROR',
} as const

export type ReplyCode = keyof typeof NAMES

/** These close the channel only; all others close the connection. */
const SOFT: ReadonlySet<number> = new Set([311, 312, 313, 403, 404, 405, 406])

/** What a client did wrong, or what ends its connection: a close with this code and text. */
export class AmqpError extends Error {
  readonly code: ReplyCode
  /** It ends the connection, not only the channel. */
  readonly hard: boolean

  constructor(code: ReplyCode, detail: string, hard = !SOFT.has(code)) {
    super(shortText(`${NAMES[code]} - ${detail}`))
    this.code = code
    this.hard = hard
  }
}
