import { encodePlain, type PlainFields } from '@hufu/wire/amqp091'
import { pause, type Scenario, type Scenarios } from '../scenario.ts'
import { ack, consume, declare, get, nack, publish } from './methods.ts'
import { Peer, type Sight } from './peer.ts'

/** What a client does with a queue that counts deliveries; it says what it sees. */
type Act = (peer: Peer, queue: string, say: (saw: unknown) => void) => Promise<void>

const QOS = { name: 'basic.qos', prefetchSize: 0, prefetchCount: 1, global: false } as const
const RECOVER = { name: 'basic.recover', requeue: true } as const
const GOODBYE = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }

/** Each on a quorum queue of its own, in which one message waits. */
function counting(limited: PlainFields, acts: Readonly<Record<string, Act>>): Scenario {
  return async (stage) => {
    for (const [index, [what, act]] of Object.entries(acts).entries()) {
      const peer = await Peer.entered(stage)
      const queue = `${stage.name}.${index}`
      await filled(peer, queue, limited)
      await act(peer, queue, (saw) => stage.say(what, saw))
      await peer.rest(0)
    }
  }
}

async function filled(peer: Peer, queue: string, limited: PlainFields): Promise<void> {
  const args = encodePlain({ 'x-queue-type': 'quorum', ...limited })
  peer.send(1, declare(queue, { durable: true, exclusive: false, arguments: args }))
  await peer.next('queue.declare-ok')
  peer.send(1, { name: 'confirm.select', noWait: false })
  await peer.next('confirm.select-ok')
  peer.content(1, publish('', queue), 'm', { messageId: 'm1' })
  await peer.next('basic.ack')
}

/** Whether it is marked, and the bytes of its properties. */
async function delivered(peer: Peer, method = 'basic.deliver'): Promise<unknown> {
  const [, , args] = await peer.next(method)
  const [, , , properties] = await peer.next('(header)')
  await peer.next('(body)')
  return [(args as { readonly redelivered: boolean }).redelivered, properties]
}

/** Once it is there again: what was put back may be on its way. */
async function gotten(peer: Peer, queue: string): Promise<unknown> {
  for (let tries = 0; tries < 30; tries++) {
    peer.send(1, get(queue))
    const sight = await nextOf(peer, ['basic.get-ok', 'basic.get-empty'])
    if (sight[1] === 'basic.get-empty') await pause(50)
    else {
      const [, , , properties] = await peer.next('(header)')
      await peer.next('(body)')
      return [(sight[2] as { readonly redelivered: boolean }).redelivered, properties]
    }
  }
  return 'nothing'
}

async function nextOf(peer: Peer, names: readonly string[]): Promise<Sight> {
  for (let tries = 0; tries < 200; tries++) {
    const name = names.find((each) => peer.seen.some((sight) => sight[1] === each))
    if (name !== undefined) return peer.next(name)
    await pause(20)
  }
  throw new Error(`Cannot go on: none of ${names.join(', ')}`)
}

async function reopen(peer: Peer): Promise<void> {
  peer.send(1, { name: 'channel.close', ...GOODBYE })
  await peer.next('channel.close-ok')
  peer.open(1)
  await peer.next('channel.open-ok')
}

async function consuming(peer: Peer, queue: string): Promise<void> {
  peer.send(1, QOS)
  await peer.next('basic.qos-ok')
  peer.send(1, consume(queue))
}

/** Three times more than its limit is: the header of each time, and that it comes no more. */
function until(end: (peer: Peer, tag: number) => Promise<number> | number): Act {
  return async (peer, queue, say) => {
    await consuming(peer, queue)
    for (let tag = 1, round = 0; round < 3; round++) {
      say(await delivered(peer))
      tag = await end(peer, tag)
      if (tag === 1) await consuming(peer, queue)
    }
    await pause(300)
    say(peer.seen.map((sight) => sight[1]))
  }
}

const LIMITED = { 'x-delivery-limit': 2 }

/** How often a message was delivered, and what comes of it. */
export const DELIVERIES: Scenarios = {
  'delivery-count': counting(
    {},
    {
      'of a nack': async (peer, queue, say) => {
        await consuming(peer, queue)
        for (let tag = 1; tag <= 3; tag++) {
          say(await delivered(peer))
          peer.send(1, nack(tag, false, true))
        }
      },
      'of a recover': async (peer, queue, say) => {
        await consuming(peer, queue)
        say(await delivered(peer))
        peer.send(1, RECOVER)
        await peer.next('basic.recover-ok')
        say(await delivered(peer))
      },
      'of a transaction': async (peer, queue, say) => {
        await reopen(peer)
        peer.send(1, { name: 'tx.select' })
        await consuming(peer, queue)
        say(await delivered(peer))
        peer.send(1, nack(1, false, true), { name: 'tx.rollback' })
        await peer.next('tx.rollback-ok')
        peer.send(1, nack(1, false, true), { name: 'tx.commit' })
        await peer.next('tx.commit-ok')
        say(await delivered(peer))
        peer.send(1, ack(2), { name: 'tx.commit' })
        await peer.next('tx.commit-ok')
      },
      'of who gets it': async (peer, queue, say) => {
        for (let tag = 1; tag <= 3; tag++) {
          say(await gotten(peer, queue))
          peer.send(1, nack(tag, false, true))
        }
      },
    },
  ),

  'delivery-limits': counting(LIMITED, {
    'nacked too often': until((peer, tag) => {
      peer.send(1, nack(tag, false, true))
      return tag + 1
    }),
    'rejected too often': until((peer, tag) => {
      peer.send(1, { name: 'basic.reject', deliveryTag: tag, requeue: true })
      return tag + 1
    }),
    'recovered too often': until(async (peer, tag) => {
      peer.send(1, RECOVER)
      await peer.next('basic.recover-ok')
      return tag + 1
    }),
    'left behind by too many channels': until(async (peer) => {
      await reopen(peer)
      return 1
    }),
    'gotten too often': async (peer, queue, say) => {
      for (let tag = 1; tag <= 3; tag++) {
        say(await gotten(peer, queue))
        peer.send(1, nack(tag, false, true))
      }
      say(await gotten(peer, queue))
    },
    'and none is ready then': async (peer, queue, say) => {
      for (let tag = 1; tag <= 3; tag++) {
        await gotten(peer, queue)
        peer.send(1, nack(tag, false, true))
      }
      await pause(300)
      peer.send(1, declare(queue, { passive: true, durable: true, exclusive: false }))
      say(await peer.next('queue.declare-ok'))
    },
  }),

  'unlimited-deliveries': counting({ 'x-delivery-limit': 1_000_000 }, { many: many(30) }),
}

/** Many more than any limit that nobody has asked for. */
function many(times: number): Act {
  return async (peer, queue, say) => {
    await consuming(peer, queue)
    for (let tag = 1; tag < times; tag++) {
      await delivered(peer)
      peer.send(1, nack(tag, false, true))
    }
    say(await delivered(peer))
  }
}
