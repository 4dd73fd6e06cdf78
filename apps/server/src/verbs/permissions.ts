import type { Verb } from '../verb.ts'
import { adminVerb, OF_VHOST_LINE, textOf, VHOST, VHOST_LINE, vhostOf } from './admin-verb.ts'
import { textTable } from './text-table.ts'

interface Place {
  readonly user: string
  readonly vhost: string
}

interface Rights extends Place {
  readonly configure?: string
  readonly exchange?: string
  readonly write: string
  readonly read: string
}

interface Listed {
  readonly permissions: readonly Rights[]
  readonly topicPermissions: readonly Rights[]
}

const PATTERNS = "Patterns are regular expressions found anywhere in a name; '' allows nothing."
const EXCHANGE = { exchange: { type: 'string' } } as const

const list = adminVerb<Listed>({
  name: 'permissions list',
  args: [],
  about: 'Lists who may configure, write and read what, and which routing keys',
  more: [
    'Example: hufu permissions list --user shop',
    '--user           only of this user',
    OF_VHOST_LINE,
  ],
  options: { user: { type: 'string' }, ...VHOST },
  operation: 'permissions.list',
  input: (call) => ({ user: textOf(call, 'user'), vhost: textOf(call, 'vhost') }),
  show: ({ permissions, topicPermissions }) => {
    const rights = permissions.map(({ vhost, user, configure, write, read }) => {
      return [vhost, user, configure, write, read]
    })
    const keys = topicPermissions.map(({ vhost, user, exchange, write, read }) => {
      return [vhost, user, exchange || '(all topic exchanges)', write, read]
    })
    const tables = [textTable(['vhost', 'user', 'configure', 'write', 'read'], rights)]
    if (keys.length > 0) {
      tables.push(textTable(['vhost', 'user', 'exchange', 'write keys', 'read keys'], keys))
    }
    return tables.join('\n\n')
  },
})

const set = adminVerb<Rights>({
  name: 'permissions set',
  args: ['USER', 'CONFIGURE', 'WRITE', 'READ'],
  about: 'Lets a user into a virtual host, and says what it may do with which names there',
  more: [
    "Example: hufu permissions set shop '^shop' '.*' '.*' --vhost /",
    'CONFIGURE: declare and delete. WRITE: publish to, bind. READ: consume, get, bind from.',
    PATTERNS,
    VHOST_LINE,
  ],
  options: VHOST,
  operation: 'permissions.set',
  input: (call) => {
    const [user, configure, write, read] = call.args
    return { user, vhost: vhostOf(call), configure, write, read }
  },
  show: ({ user, vhost }) => `The permissions of ${user} in ${vhost} are set`,
})

const clear = adminVerb<Place>({
  name: 'permissions clear',
  args: ['USER'],
  about: 'Takes all rights in a virtual host from a user, those of its connections too',
  more: ['Example: hufu permissions clear shop --vhost /', VHOST_LINE],
  options: VHOST,
  operation: 'permissions.clear',
  input: (call) => ({ user: call.args[0], vhost: vhostOf(call) }),
  show: ({ user, vhost }) => `${user} may do nothing in ${vhost}`,
})

const setTopic = adminVerb<Rights>({
  name: 'permissions set-topic',
  args: ['USER', 'WRITE', 'READ'],
  about: 'Narrows the routing keys that a user may send and bind with, at topic exchanges',
  more: [
    "Example: hufu permissions set-topic shop '^{username}\\.' '.*' --exchange amq.topic",
    'WRITE: of publishes. READ: of bindings. {username} and {vhost} stand for themselves.',
    PATTERNS,
    '--exchange       default: every topic exchange without its own',
    VHOST_LINE,
  ],
  options: { ...EXCHANGE, ...VHOST },
  operation: 'permissions.set-topic',
  input: (call) => {
    const [user, write, read] = call.args
    return { user, vhost: vhostOf(call), exchange: textOf(call, 'exchange'), write, read }
  },
  show: ({ user, vhost }) => `The topic permissions of ${user} in ${vhost} are set`,
})

const clearTopic = adminVerb<Place>({
  name: 'permissions clear-topic',
  args: ['USER'],
  about: 'Takes that back: every routing key may be used again',
  more: [
    'Example: hufu permissions clear-topic shop --exchange amq.topic',
    '--exchange       default: all of them',
    VHOST_LINE,
  ],
  options: { ...EXCHANGE, ...VHOST },
  operation: 'permissions.clear-topic',
  input: (call) => {
    return { user: call.args[0], vhost: vhostOf(call), exchange: textOf(call, 'exchange') }
  },
  show: ({ user, vhost }) => `The topic permissions of ${user} in ${vhost} are cleared`,
})

export const PERMISSIONS: readonly Verb[] = [list, set, clear, setTopic, clearTopic]
