import type { Scenarios } from '../scenario.ts'
import { brokenCases, cases } from './cases.ts'
import { ack, consume, declare, get, publish } from './methods.ts'
import type { Peer } from './peer.ts'

const METHOD = 1
const HEADER = 2
const BODY = 3
const HEARTBEAT = 8

const bytes = (...all: number[]): Uint8Array => Uint8Array.from(all)

/** Class, weight, size, no properties. */
function header(size: number, classId = 60, weight = 0): Uint8Array {
  const made = Buffer.alloc(14)
  made.writeUInt16BE(classId, 0)
  made.writeUInt16BE(weight, 2)
  made.writeBigUInt64BE(BigInt(size), 4)
  return made
}

/** Declares a queue that ends with the connection; its name. */
async function queueOf(peer: Peer): Promise<string> {
  peer.send(1, declare(''))
  const [, , { queue }] = (await peer.next('queue.declare-ok')) as Declared
  return queue
}

/** Frames that are wrong, and right ones in the wrong place. */
export const FRAMES: Scenarios = {
  'bad-frames': brokenCases({
    'unknown type': (peer) => peer.frame(7, 1, bytes(1)),
    'type 0': (peer) => peer.frame(0, 1, bytes(1)),
    'wrong end': (peer) => peer.frame(METHOD, 1, bytes(0, 90, 0, 10), 0),
    'larger than agreed': (peer) => peer.frame(BODY, 1, new Uint8Array(131_072 - 7)),
    'heartbeat on channel 1': (peer) => peer.frame(HEARTBEAT, 1, bytes()),
    'heartbeat with payload': (peer) => peer.frame(HEARTBEAT, 0, bytes(1)),
    'header on channel 0': (peer) => peer.frame(HEADER, 0, header(1)),
    'body on channel 0': (peer) => peer.frame(BODY, 0, bytes(1)),
    'empty method': (peer) => peer.frame(METHOD, 1, bytes()),
    'half a method id': (peer) => peer.frame(METHOD, 1, bytes(0, 60, 0)),
    'unknown class': (peer) => peer.frame(METHOD, 1, bytes(0, 99, 0, 10)),
    'unknown method': (peer) => peer.frame(METHOD, 1, bytes(0, 60, 0, 199)),
    'no arguments': (peer) => peer.frame(METHOD, 1, bytes(0, 50, 0, 10)),
    'unknown class on 0': (peer) => peer.frame(METHOD, 0, bytes(0, 99, 0, 10)),
  }),

  'bad-tables': brokenCases({
    'unknown field type': (peer) => peer.frame(METHOD, 1, declareWith([1, 97, 63, 0])),
    'table too long': (peer) => peer.frame(METHOD, 1, declareWith([1, 97, 83, 0, 0, 1, 0, 65])),
    'key cut short': (peer) => peer.frame(METHOD, 1, declareWith([9, 97])),
  }),

  'content-order': brokenCases({
    'header without method': (peer) => peer.frame(HEADER, 1, header(1)),
    'body without header': async (peer) => {
      peer.send(1, publish('', await queueOf(peer)))
      peer.frame(BODY, 1, bytes(65))
    },
    'body without anything': (peer) => peer.frame(BODY, 1, bytes(65)),
    'method before the header': async (peer) => {
      const queue = await queueOf(peer)
      peer.send(1, publish('', queue), declare(queue))
    },
    'method before the body': async (peer) => {
      const queue = await queueOf(peer)
      peer.send(1, publish('', queue))
      peer.frame(HEADER, 1, header(2))
      peer.send(1, declare(queue))
    },
    'two headers': async (peer) => {
      peer.send(1, publish('', await queueOf(peer)))
      peer.frame(HEADER, 1, header(2))
      peer.frame(HEADER, 1, header(2))
    },
    'body too long': async (peer) => {
      peer.send(1, publish('', await queueOf(peer)))
      peer.frame(HEADER, 1, header(2))
      peer.frame(BODY, 1, bytes(65, 66, 67))
    },
    'wrong class': async (peer) => {
      peer.send(1, publish('', await queueOf(peer)))
      peer.frame(HEADER, 1, header(1, 50))
    },
    'header cut short': async (peer) => {
      peer.send(1, publish('', await queueOf(peer)))
      peer.frame(HEADER, 1, header(1).subarray(0, 10))
    },
    'properties cut short': async (peer) => {
      peer.send(1, publish('', await queueOf(peer)))
      const cut = Buffer.concat([header(0).subarray(0, 12), bytes(0x80, 0, 9, 65)])
      peer.frame(HEADER, 1, cut)
    },
    'body in pieces, heartbeats between': async (peer) => {
      const queue = await queueOf(peer)
      peer.send(1, consume(queue, { noAck: true }))
      peer.send(1, publish('', queue))
      peer.frame(HEADER, 1, header(3))
      for (const letter of [65, 66, 67]) {
        peer.frame(HEARTBEAT, 0, bytes())
        peer.frame(BODY, 1, bytes(letter))
      }
    },
    'another channel between': async (peer) => {
      const [first, second] = [await queueOf(peer), await queueOf(peer)]
      peer.open(2)
      await peer.next('channel.open-ok')
      peer.send(1, publish('', first))
      peer.send(2, publish('', second))
      peer.frame(HEADER, 1, header(1))
      peer.frame(HEADER, 2, header(1))
      peer.frame(BODY, 2, bytes(66))
      peer.frame(BODY, 1, bytes(65))
      peer.send(1, get(first, true))
      await peer.next('(body)')
      peer.send(2, get(second, true))
    },
    'empty body frame': async (peer) => {
      const queue = await queueOf(peer)
      peer.send(1, publish('', queue))
      peer.frame(HEADER, 1, header(1))
      peer.frame(BODY, 1, bytes())
      peer.frame(BODY, 1, bytes(65))
      peer.send(1, consume(queue, { noAck: true }))
    },
    'no body': async (peer) => {
      const queue = await queueOf(peer)
      peer.content(1, publish('', queue), '')
      peer.send(1, consume(queue, { noAck: true }))
    },
  }),

  'closed-channels': cases({
    'method on a channel never open': (peer) => peer.send(7, declare('')),
    'content on a channel never open': (peer) => peer.frame(BODY, 7, bytes(1)),
    'opened twice': (peer) => peer.open(1),
    'number above the agreed': (peer) => peer.open(2_048),
    'close-ok on a channel never open': (peer) => peer.send(7, { name: 'channel.close-ok' }),
    'after its close': async (peer) => {
      peer.send(1, { name: 'channel.close', ...GOODBYE })
      await peer.next('channel.close-ok')
      peer.send(1, ack(1))
    },
    'opened again after its close': async (peer) => {
      peer.send(1, { name: 'channel.close', ...GOODBYE })
      await peer.next('channel.close-ok')
      peer.open(1)
    },
    'after the server closed it, before close-ok': async (peer) => {
      peer.send(1, declare('none', { passive: true }))
      await peer.next('channel.close')
      peer.send(1, ack(1), declare(''))
      peer.content(1, publish('', 'x'), 'ignored')
      peer.send(1, { name: 'channel.close-ok' })
      peer.open(1)
    },
    'closes at the same time': async (peer) => {
      peer.send(1, declare('none', { passive: true }), { name: 'channel.close', ...GOODBYE })
      await peer.next('channel.close')
      peer.send(1, { name: 'channel.close-ok' })
      peer.open(1)
    },
    'a method that is the server\u2019s': (peer) => peer.send(1, { name: 'tx.select-ok' }),
    'content of a method that is the server\u2019s': (peer) =>
      peer.send(1, { name: 'basic.get-empty' }),
  }),
}

/** `queue.declare` of "" with a table of these bytes. */
function declareWith(table: number[]): Uint8Array {
  return bytes(0, 50, 0, 10, 0, 0, 0, 4, 0, 0, 0, table.length, ...table)
}

type Declared = readonly [channel: number, name: string, args: { readonly queue: string }]

const GOODBYE = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }
