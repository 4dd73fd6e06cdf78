import { encodeTable } from '@hufu/wire/amqp091'
import type { Scenarios } from '../scenario.ts'
import { cases } from './cases.ts'
import { ack, consume, declare, get, nack, publish } from './methods.ts'
import { NO_ARGUMENTS, type Peer } from './peer.ts'

/** A queue that ends with the connection, with as many messages in it; its name. */
async function filled(peer: Peer, queue: string, count: number): Promise<string> {
  peer.send(1, declare(queue))
  await peer.next('queue.declare-ok')
  for (let at = 1; at <= count; at++) peer.content(1, publish('', queue), String(at))
  return queue
}

function bind(queue: string, noWait = false) {
  const names = { queue, exchange: 'amq.direct', routingKey: queue }
  return { name: 'queue.bind', ...names, noWait, ...NO_ARGUMENTS } as const
}

/** Methods that client libraries hide, or never send. */
export const METHODS: Scenarios = {
  'no-wait': cases({
    'declare, bind, consume, cancel, delete': async (peer, { name }) => {
      peer.send(1, declare(name, { noWait: true }), bind(name, true))
      peer.content(1, publish('amq.direct', name), 'routed')
      peer.send(1, consume(name, { noWait: true }))
      await peer.next('(body)')
      peer.send(1, { name: 'basic.cancel', consumerTag: 'tag', noWait: true })
      peer.content(1, publish('', name), 'not consumed')
      peer.send(1, { name: 'queue.purge', queue: name, noWait: true })
      const strict = { ifUnused: false, ifEmpty: false, noWait: true }
      peer.send(1, { name: 'queue.delete', queue: name, ...strict })
      peer.send(1, declare(name, { passive: true }))
    },
    'confirm select': (peer) => {
      peer.send(1, { name: 'confirm.select', noWait: true })
      peer.content(1, publish('amq.direct', 'none'), 'x')
    },
    'exchange declare and delete': (peer, { name: exchange }) => {
      const flags = { passive: false, durable: false, autoDelete: false, internal: false }
      const common = { exchange, type: 'direct', noWait: true, ...flags, ...NO_ARGUMENTS }
      peer.send(1, { name: 'exchange.declare', ...common })
      peer.send(1, { name: 'exchange.delete', exchange, ifUnused: false, noWait: true })
      peer.send(1, { name: 'exchange.declare', ...common, passive: true, noWait: false })
    },
    'an error in one': (peer, { name }) => {
      peer.send(1, consume(name, { noWait: true }))
    },
  }),

  unusual: cases({
    'flow on': (peer) => peer.send(1, { name: 'channel.flow', active: true }),
    'flow off': (peer) => peer.send(1, { name: 'channel.flow', active: false }),
    'flow-ok': (peer) => peer.send(1, { name: 'channel.flow-ok', active: true }),
    'access request': (peer) =>
      peer.send(1, {
        ...{ name: 'access.request', realm: '/data', exclusive: false, passive: true },
        ...{ active: true, write: true, read: true },
      }),
    'prefetch size': (peer) =>
      peer.send(1, { name: 'basic.qos', prefetchSize: 1, prefetchCount: 0, global: false }),
    'recover without requeue': (peer) => peer.send(1, { name: 'basic.recover', requeue: false }),
    'recover async': async (peer, { name }) => {
      peer.send(1, get(await filled(peer, name, 1)))
      await peer.next('(body)')
      peer.send(1, { name: 'basic.recover-async', requeue: true })
      peer.send(1, get(name))
    },
    'recover async without requeue': (peer) =>
      peer.send(1, { name: 'basic.recover-async', requeue: false }),
    immediate: async (peer, { name }) => {
      peer.content(1, publish('', await filled(peer, name, 0), { immediate: true }), 'x')
    },
    'no-local is ignored': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 0), { noLocal: true, noAck: true }))
      await peer.next('basic.consume-ok')
      peer.content(1, publish('', name), 'own')
    },
    'update secret': (peer) =>
      peer.send(0, { name: 'connection.update-secret', newSecret: Buffer.from('x'), reason: 'r' }),
  }),

  settling: cases({
    'ack of all': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 3)))
      for (let at = 0; at < 3; at++) await peer.next('(body)')
      peer.send(1, ack(0, true), { name: 'basic.recover', requeue: true })
    },
    'nack of all': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 3)))
      for (let at = 0; at < 3; at++) await peer.next('(body)')
      peer.send(1, nack(0, true, true))
    },
    'ack up to 2': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 3)))
      for (let at = 0; at < 3; at++) await peer.next('(body)')
      peer.send(1, ack(2, true), { name: 'basic.recover', requeue: true })
    },
    'ack 0, not multiple': (peer) => peer.send(1, ack(0)),
    'reject 0': (peer) => peer.send(1, { name: 'basic.reject', deliveryTag: 0, requeue: true }),
    'nack 0 of none': (peer) => peer.send(1, nack(0, true, true)),
    'ack of a noAck delivery': async (peer, { name }) => {
      peer.send(1, get(await filled(peer, name, 1), true))
      await peer.next('(body)')
      peer.send(1, ack(1))
    },
  }),

  consumers: cases({
    'empty tag': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 0), { consumerTag: '' }))
    },
    'same tag on two channels': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 0)))
      peer.open(2)
      await peer.next('channel.open-ok')
      peer.send(2, consume(name))
    },
    'cancel notify': async (peer, { name }) => {
      peer.send(1, consume(await filled(peer, name, 1)))
      await peer.next('(body)')
      const strict = { ifUnused: false, ifEmpty: false, noWait: false }
      peer.send(1, { name: 'queue.delete', queue: name, ...strict }, ack(1))
    },
    'large body in frames': async (peer, { name }) => {
      await filled(peer, name, 0)
      peer.content(1, publish('', name), Buffer.alloc(300_000, 'x'))
      peer.send(1, get(name, true))
    },
    'properties come back byte for byte': async (peer, { name }) => {
      await filled(peer, name, 0)
      peer.content(1, publish('', name), 'x', ODD_PROPERTIES)
      peer.send(1, get(name, true))
    },
  }),
}

/** Headers with a key twice and types that clients rarely write. */
const ODD_PROPERTIES = {
  ...{ contentType: 'a', contentEncoding: 'b', deliveryMode: 2, priority: 5 },
  ...{ correlationId: 'c', replyTo: 'r', expiration: '6000', messageId: 'm', type: 't' },
  ...{ timestamp: 1_700_000_000, appId: 'a', clusterId: 'z' },
  headers: encodeTable([
    ['twice', { type: 'I', value: 1 }],
    ['twice', { type: 'I', value: 2 }],
    ['V', { type: 'V', value: null }],
    ['b', { type: 'b', value: -1 }],
    ['B', { type: 'B', value: 255 }],
    ['s', { type: 's', value: -300 }],
    ['u', { type: 'u', value: 65_000 }],
    ['i', { type: 'i', value: 4_000_000_000 }],
    ['l', { type: 'l', value: -1n }],
    ['L', { type: 'L', value: 2n ** 62n }],
    ['x', { type: 'x', value: Uint8Array.of(0, 255) }],
    ['D', { type: 'D', value: { scale: 2, digits: 100 } }],
    ['S', { type: 'S', value: Uint8Array.of(255, 254) }],
    ['f', { type: 'f', value: 0.5 }],
    ['A', { type: 'A', value: [{ type: 'A', value: [] }] }],
    ['F', { type: 'F', value: [['', { type: 't', value: false }]] }],
  ]),
}
