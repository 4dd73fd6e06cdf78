import type { UserInfo } from '@hufu/broker/amqp'
import type { Verb } from '../verb.ts'
import { adminVerb, listOf } from './admin-verb.ts'
import { limitOf } from './limit.ts'
import { passwordOf } from './password.ts'
import { textTable } from './text-table.ts'

interface Named {
  readonly user: string
}

const PASSWORD = [
  '--password-file  holds the password; without it, it is read from standard input, or asked for',
]
const PASSWORD_OPTIONS = {
  'password-file': { type: 'string' },
  'no-password': { type: 'boolean' },
} as const

const NO_PASSWORD = '--no-password    none lets it in, only a certificate (EXTERNAL)'

const list = adminVerb<{ users: UserInfo[] }>({
  name: 'users list',
  args: [],
  about: 'Lists the users',
  more: ['Example: hufu users list --json'],
  operation: 'users.list',
  input: () => ({}),
  show: ({ users }) =>
    textTable(
      ['user', 'tags', 'password', 'connections', 'channels'],
      users.map(({ name, tags, password, connectionsMax, channelsMax }) => {
        return [name, tags.join(','), password, connectionsMax, channelsMax]
      }),
    ),
})

const add = adminVerb<Named>({
  name: 'users add',
  args: ['NAME'],
  about: 'Adds a user; it may enter no virtual host before permissions are set',
  more: [
    'Example: hufu users add shop --tags monitoring < password.txt',
    '--tags           such as administrator, between commas',
    ...PASSWORD,
    NO_PASSWORD,
  ],
  options: { tags: { type: 'string' }, ...PASSWORD_OPTIONS },
  operation: 'users.add',
  input: async (call) => ({
    name: call.args[0],
    tags: listOf(call, 'tags'),
    password: await passwordOf(call),
  }),
  show: ({ user }) => `User ${user} is added`,
})

const passwd = adminVerb<Named>({
  name: 'users passwd',
  args: ['NAME'],
  about: 'Sets the password of a user; connections that are open stay',
  more: ['Example: hufu users passwd shop --password-file new.txt', ...PASSWORD, NO_PASSWORD],
  options: PASSWORD_OPTIONS,
  operation: 'users.passwd',
  input: async (call) => ({ name: call.args[0], password: await passwordOf(call) }),
  show: ({ user }) => `The password of ${user} is set`,
})

const tags = adminVerb<Named & { tags: string[] }>({
  name: 'users tags',
  args: ['NAME', 'TAGS'],
  about: 'Sets the tags of a user, in place of those it had',
  more: ["Example: hufu users tags shop monitoring,policymaker    ('' takes them all away)"],
  operation: 'users.tags',
  input: ({ args: [name, given = ''] }) => {
    return { name, tags: given.split(',').filter((tag) => tag !== '') }
  },
  show: (result) => `Tags of ${result.user}: ${result.tags.join(', ') || 'none'}`,
})

const limits = adminVerb<Named>({
  name: 'users limits',
  args: ['NAME'],
  about: 'Limits how many connections and channels a user may have; others stay as they are',
  more: [
    'Example: hufu users limits shop --connections 100 --channels none',
    '--connections    at a time, or none',
    '--channels       of all its connections together, or none',
  ],
  options: { connections: { type: 'string' }, channels: { type: 'string' } },
  operation: 'users.limits',
  input: (call) => ({
    name: call.args[0],
    connectionsMax: limitOf(call, 'connections'),
    channelsMax: limitOf(call, 'channels'),
  }),
  show: ({ user }) => `The limits of ${user} are set`,
})

const remove = adminVerb<Named>({
  name: 'users remove',
  args: ['NAME'],
  about: 'Removes a user and its permissions, and closes its connections',
  more: ['Example: hufu users remove shop --yes'],
  destructive: true,
  operation: 'users.remove',
  input: ({ args: [name] }) => ({ name }),
  show: ({ user }) => `User ${user} is removed`,
})

export const USERS: readonly Verb[] = [list, add, passwd, tags, limits, remove]
