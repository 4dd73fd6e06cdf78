import type { Scenarios, Stage } from '../scenario.ts'
import { cases } from './cases.ts'
import { ack, consume, declare, get, nack, publish } from './methods.ts'
import { Peer, type Sight } from './peer.ts'

const SELECT = { name: 'tx.select' } as const
const COMMIT = { name: 'tx.commit' } as const
const ROLLBACK = { name: 'tx.rollback' } as const

async function prepared(peer: Peer, queue: string, count: number): Promise<string> {
  peer.send(1, declare(queue))
  await peer.next('queue.declare-ok')
  for (let at = 1; at <= count; at++) peer.content(1, publish('', queue), String(at))
  return queue
}

/** Confirms as they are on the wire, and transactions. */
export const CONFIRMS: Scenarios = {
  confirms: async (stage) => {
    const peer = await Peer.entered(stage)
    await prepared(peer, stage.name, 0)
    peer.content(1, publish('', stage.name), 'before select: not counted')
    peer.send(1, { name: 'confirm.select', noWait: false })
    await peer.next('confirm.select-ok')
    for (let at = 1; at <= 500; at++) {
      const key = at % 10 === 0 ? 'no such queue' : stage.name
      peer.content(1, publish('', key), String(at), { deliveryMode: 1 + (at % 2) })
    }
    stage.say('each confirmed once', settledBy(await peer.rest(1_500)))
    await confirmedTwice(stage)
  },

  'confirm-modes': cases({
    'selected twice': (peer) => {
      const select = { name: 'confirm.select', noWait: false } as const
      peer.send(1, select, select)
      peer.content(1, publish('amq.direct', 'none'), 'x')
    },
    'unroutable and mandatory': (peer) => {
      peer.send(1, { name: 'confirm.select', noWait: false })
      const properties = { messageId: 'm', deliveryMode: 2 }
      peer.content(1, publish('amq.direct', 'none', { mandatory: true }), 'body', properties)
    },
    'tx after confirms': (peer) => peer.send(1, { name: 'confirm.select', noWait: false }, SELECT),
    'confirms after tx': (peer) => peer.send(1, SELECT, { name: 'confirm.select', noWait: false }),
    'commit without tx': (peer) => peer.send(1, COMMIT),
    'rollback without tx': (peer) => peer.send(1, ROLLBACK),
    'select twice': (peer) => peer.send(1, SELECT, SELECT, COMMIT),
    'empty commit and rollback': (peer) => peer.send(1, SELECT, COMMIT, ROLLBACK),
  }),

  tx: cases({
    'nothing before the commit': async (peer, { name }) => {
      peer.send(1, SELECT)
      await prepared(peer, name, 2)
      peer.send(1, get(name), COMMIT)
      await peer.next('tx.commit-ok')
      peer.send(1, get(name))
    },
    'rollback forgets publishes': async (peer, { name }) => {
      peer.send(1, SELECT)
      await prepared(peer, name, 2)
      peer.send(1, ROLLBACK, get(name), COMMIT)
      await peer.next('tx.commit-ok')
      peer.send(1, get(name))
    },
    'a return comes before commit-ok': async (peer) => {
      peer.send(1, SELECT)
      peer.content(1, publish('', 'none', { mandatory: true }), 'nobody')
      peer.send(1, { name: 'basic.qos', prefetchSize: 0, prefetchCount: 1, global: false })
      await peer.next('basic.qos-ok')
      peer.send(1, COMMIT)
    },
    'acks wait for the commit': async (peer, { name }) => {
      await prepared(peer, name, 2)
      peer.send(1, SELECT, get(name))
      await peer.next('(body)')
      peer.send(1, ack(1), COMMIT)
      await peer.next('tx.commit-ok')
      peer.send(1, { name: 'basic.recover', requeue: true }, get(name), get(name))
    },
    'rolled back acks are unacked again': async (peer, { name }) => {
      await prepared(peer, name, 1)
      peer.send(1, SELECT, get(name))
      await peer.next('(body)')
      peer.send(1, ack(1), ROLLBACK)
      await peer.next('tx.rollback-ok')
      peer.send(1, ack(1), COMMIT)
    },
    'an ack twice in one': async (peer, { name }) => {
      await prepared(peer, name, 1)
      peer.send(1, SELECT, get(name))
      await peer.next('(body)')
      peer.send(1, ack(1), ack(1))
    },
    'requeue at the commit': async (peer, { name }) => {
      await prepared(peer, name, 2)
      peer.send(1, SELECT, consume(name))
      for (let at = 0; at < 2; at++) await peer.next('(body)')
      peer.send(1, nack(2, true, true), COMMIT)
    },
    'unknown exchange is told at once': (peer) => {
      peer.send(1, SELECT)
      peer.content(1, publish('none', 'x'), 'x')
    },
    'dropped with the channel': async (peer, { name }) => {
      peer.send(1, SELECT)
      await prepared(peer, name, 1)
      peer.send(1, { name: 'channel.close', ...GOODBYE })
      await peer.next('channel.close-ok')
      peer.open(1)
      peer.send(1, get(name))
    },
  }),
}

const GOODBYE = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }

/** After a channel is opened again numbers start again. */
async function confirmedTwice(stage: Stage): Promise<void> {
  const peer = await Peer.entered(stage)
  for (let times = 0; times < 2; times++) {
    peer.send(1, { name: 'confirm.select', noWait: false })
    await peer.next('confirm.select-ok')
    peer.content(1, publish('amq.direct', 'none'), 'x')
    stage.say('numbers start at 1', await peer.next('basic.ack'))
    peer.send(1, { name: 'channel.close', ...GOODBYE })
    await peer.next('channel.close-ok')
    peer.open(1)
    await peer.next('channel.open-ok')
  }
  await peer.rest(0)
}

/** How many of the publishes were acked, nacked, and how many twice. */
function settledBy(seen: readonly Sight[]): object {
  const open = new Set(Array.from({ length: 500 }, (_, at) => at + 1))
  const counts = { acked: 0, nacked: 0, twice: 0 }
  for (const [, name, args] of seen) {
    const { deliveryTag = 0, multiple = false } = (args ?? {}) as Settled
    if (name !== 'basic.ack' && name !== 'basic.nack') continue
    const tags = multiple ? [...open].filter((tag) => tag <= deliveryTag) : [deliveryTag]
    for (const tag of tags) {
      if (!open.delete(tag)) counts.twice++
      else if (name === 'basic.ack') counts.acked++
      else counts.nacked++
    }
  }
  return counts
}

interface Settled {
  readonly deliveryTag?: number
  readonly multiple?: boolean
}
