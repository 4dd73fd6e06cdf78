import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import amqplib, { type ChannelModel } from 'amqplib'
import { userRecord, vhostRecord } from '../../auth/records.ts'
import { Users } from '../../auth/users.ts'
import { house } from './door.fixture.ts'
import { EntryLimits } from './entry-limits.ts'

function limitsWith(user: object, vhost: object): EntryLimits {
  const users = new Users()
  users.apply([userRecord({ name: 'u', tags: [], ...user }), vhostRecord({ name: 'v', ...vhost })])
  return new EntryLimits(users)
}

const seat = (user = 'u', vhost = 'v', channels = 0) => ({ user, vhost, channels: () => channels })

const REFUSED = "access to vhost 'v' refused for user 'u'"

describe('limits of users and virtual hosts', { timeout: 60_000 }, () => {
  it('refuse the connection beyond them in RabbitMQ’s words, the virtual host’s first', () => {
    const limits = limitsWith({ connectionsMax: 2 }, { connectionsMax: 3 })
    const demand = () => limits.demandConnection('u', 'v')
    limits.take(seat())
    limits.take(seat('u', 'another'))
    assert.throws(demand, {
      code: 530,
      message:
        "NOT_ALLOWED - connection refused for user 'u': user connection limit (2) is reached",
    })
    for (let i = 0; i < 2; i++) limits.take(seat('another'))
    assert.throws(demand, {
      code: 530,
      message: `NOT_ALLOWED - ${REFUSED}: connection limit (3) is reached`,
    })
  })

  it('count who is there: one that leaves makes room', () => {
    const limits = limitsWith({ connectionsMax: 1 }, {})
    const one = seat()
    limits.take(one)
    assert.throws(() => limits.demandConnection('u', 'v'))
    limits.leave(one)
    limits.demandConnection('u', 'v')
  })

  it('count the channels of all connections of a user', () => {
    const limits = limitsWith({ channelsMax: 5 }, {})
    for (const each of [seat('u', 'v', 2), seat('u', 'w', 2), seat('x', 'v', 9)]) limits.take(each)
    limits.demandChannel('u')
    limits.take(seat('u', 'v', 1))
    const what = "number of channels opened for user 'u'"
    const text = `NOT_ALLOWED - ${what} has reached the maximum allowed user limit of (5)`
    assert.throws(() => limits.demandChannel('u'), { code: 530, message: text })
    limits.demandChannel('x')
  })

  it('hold at the door, from when they are set', async (t) => {
    const made = await house(t)
    const { users } = made.door.administration
    const come = (): Promise<ChannelModel | Error> => made.client().catch((error) => error)
    const first = await made.client()
    await users.setLimits('guest', { connectionsMax: 1 })
    assert.ok((await come()) instanceof Error)
    await first.close()
    const second = await made.client()
    await users.setLimits('guest', { connectionsMax: 2, channelsMax: 1 })
    const third = await made.client()
    await second.createChannel()
    const closed = new Promise<Error>((resolve) => third.on('error', resolve))
    await assert.rejects(third.createChannel())
    assert.match((await closed).message, /530 .*channels opened for user 'guest' has reached/)
    await second.close()
    await amqplib.connect(made.url).then((client) => client.close())
  })

  it('of queues: the one beyond it is refused, those that are there are not', async (t) => {
    const made = await house(t)
    const client = await made.client()
    const channel = await client.createChannel()
    channel.on('error', () => undefined)
    await channel.assertQueue('a')
    await made.door.administration.vhosts.setLimits('/', { queuesMax: 2 })
    const many = ['b', 'c', 'd'].map(async (name) => {
      const own = await client.createChannel()
      own.on('error', () => undefined)
      return own.assertQueue(name)
    })
    const done = await Promise.allSettled(many)
    assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 1)
    await channel.assertQueue('a')
    const text = /406 .*cannot declare queue 'e': queue limit in vhost '\/' \(2\) is reached/
    await assert.rejects(channel.assertQueue('e'), text)
    await client.close()
  })
})
