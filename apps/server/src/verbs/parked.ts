import type { MessageInfo } from '@hufu/broker/amqp'
import type { Call, Verb } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { adminVerb, listOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { messagesText } from './messages-text.ts'
import { PEEK_LINES, PEEK_OPTIONS, peekInput } from './peek.ts'

interface Resolved {
  readonly queue: string
  readonly messages: number
  readonly asked: number
}

const WHICH = { id: { type: 'string' }, all: { type: 'boolean' }, ...VHOST } as const
const WHICH_LINES = [
  '--id             which, between commas; as list and peek show them',
  '--all            all that are parked',
  VHOST_LINE,
]

const list = adminVerb<{ messages: MessageInfo[] }>({
  name: 'parked list',
  args: ['QUEUE'],
  about: 'Shows messages that failed too often and wait for a person, with why they failed',
  more: ['Example: hufu parked list orders', ...PEEK_LINES],
  options: PEEK_OPTIONS,
  operation: 'queues.peek',
  input: (call) => ({ ...peekInput(call), parked: true }),
  show: ({ messages }) => messagesText(messages),
})

const retry = adminVerb<Resolved>({
  name: 'parked retry',
  args: ['QUEUE'],
  about: 'Has them delivered again; a delayed message is delivered now',
  more: ['Example: hufu parked retry orders --all', ...WHICH_LINES],
  options: WHICH,
  operation: 'parked.retry',
  input: (call) => inputOf(call, 'retry'),
  show: ({ messages, asked, queue }) => `${messages} of ${asked} go out again from ${queue}`,
  holds: isDone,
})

const discard = adminVerb<Resolved>({
  name: 'parked discard',
  args: ['QUEUE'],
  about: 'Removes them for good; with an id also a message that is ready or delayed',
  more: ['Example: hufu parked discard orders --id 4711 --yes', ...WHICH_LINES],
  options: WHICH,
  destructive: true,
  operation: 'parked.discard',
  input: (call) => inputOf(call, 'discard'),
  show: ({ messages, asked, queue }) => `${messages} of ${asked} are removed from ${queue}`,
  holds: isDone,
})

function inputOf(call: Call, word: string): object {
  const ids = listOf(call, 'id')
  if (ids.length > 0 === (call.options.all === true)) {
    throw new UsageError(`Cannot run 'hufu parked ${word}': it takes --id or --all`)
  }
  return { vhost: vhostOf(call), queue: call.args[0], ids }
}

function isDone({ messages, asked }: Resolved): boolean {
  return messages === asked
}

export const PARKED: readonly Verb[] = [list, retry, discard]
