import type { MessageInfo } from '@hufu/broker/amqp'
import type { Call, Verb } from '../verb.ts'
import { adminVerb, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { countOf } from './limit.ts'
import { messagesText } from './messages-text.ts'

/** Bytes of a body that are shown. */
const BODY_BYTES = 4_096

export const PEEK_OPTIONS = {
  limit: { type: 'string' },
  after: { type: 'string' },
  bytes: { type: 'string' },
  ...VHOST,
} as const

export const PEEK_LINES = [
  '--limit          how many; default 10, at most 10,000',
  '--after          the id of the last one that was seen: goes on behind it',
  `--bytes          of each body; default ${BODY_BYTES}`,
  VHOST_LINE,
]

export const PEEK: Verb = adminVerb<{ messages: MessageInfo[] }>({
  name: 'queues peek',
  args: ['QUEUE'],
  about: 'Shows messages, the oldest first, and changes nothing: nobody takes notice',
  more: ['Example: hufu queues peek orders --limit 3', ...PEEK_LINES],
  options: PEEK_OPTIONS,
  operation: 'queues.peek',
  input: peekInput,
  show: ({ messages }) => messagesText(messages),
})

export function peekInput(call: Call): object {
  return {
    vhost: vhostOf(call),
    queue: call.args[0],
    limit: countOf(call, 'limit'),
    afterId: countOf(call, 'after'),
    bodyBytesMax: countOf(call, 'bytes') ?? BODY_BYTES,
  }
}
