import { encodePlain, PROTOCOL_HEADER } from '@hufu/wire/amqp091'
import { pause, type Scenarios, type Stage } from '../scenario.ts'
import { cases, casesAtTheDoor } from './cases.ts'
import { Peer, type Sight } from './peer.ts'

function plain(stage: Stage, password?: string): Uint8Array {
  const url = new URL(stage.url)
  return Buffer.from(`\0${url.username}\0${password ?? url.password}`)
}

async function toTune(peer: Peer, stage: Stage): Promise<void> {
  peer.raw(PROTOCOL_HEADER)
  await peer.next('connection.start')
  peer.startOk('PLAIN', plain(stage))
  await peer.next('connection.tune')
}

function tuned(channelMax: number, frameMax: number, virtualHost = '/') {
  return async (peer: Peer, stage: Stage) => {
    await toTune(peer, stage)
    peer.send(0, { name: 'connection.tune-ok', channelMax, frameMax, heartbeat: 0 })
    peer.send(0, { name: 'connection.open', virtualHost })
  }
}

/** From the first byte to an open connection. */
export const HANDSHAKE: Scenarios = {
  'protocol-headers': casesAtTheDoor({
    http: (peer) => peer.raw('GET / HTTP/1.1\r\n\r\n'),
    'AMQP 0-8': (peer) => peer.raw('AMQP\x01\x01\x08\x00'),
    'AMQP 0-10': (peer) => peer.raw('AMQP\x01\x01\x00\x0a'),
    'AMQP 0-9-2': (peer) => peer.raw('AMQP\x00\x00\x09\x02'),
    garbage: (peer) => peer.raw('garbage that is long enough'),
    'half a header': (peer) => peer.raw('AMQP'),
  }),

  start: async (stage) => {
    const peer = new Peer(stage)
    peer.raw(PROTOCOL_HEADER)
    const [channel, , args] = (await peer.next('connection.start')) as readonly [number, 0, Start]
    const { versionMajor, versionMinor, mechanisms, locales, serverProperties } = args
    stage.say('start', { channel, versionMajor, versionMinor, locales })
    stage.say('PLAIN is there', mechanisms.split(' ').includes('PLAIN'))
    stage.say('AMQPLAIN is there', mechanisms.split(' ').includes('AMQPLAIN'))
    stage.say('capabilities', sorted(serverProperties.capabilities))
    peer.startOk('PLAIN', plain(stage))
    stage.say('tune', await peer.next('connection.tune'))
    await peer.rest(0)
  },

  login: casesAtTheDoor({
    'wrong password': async (peer, stage) => {
      peer.raw(PROTOCOL_HEADER)
      await peer.next('connection.start')
      peer.startOk('PLAIN', plain(stage, 'wrong'))
    },
    'wrong password, no capability': async (peer, stage) => {
      peer.raw(PROTOCOL_HEADER)
      await peer.next('connection.start')
      peer.startOk('PLAIN', plain(stage, 'wrong'), {})
    },
    'unknown mechanism': async (peer) => {
      peer.raw(PROTOCOL_HEADER)
      await peer.next('connection.start')
      peer.startOk('SCRAM-UNHEARD-OF', Buffer.from('x'))
    },
    AMQPLAIN: async (peer, stage) => {
      const { username, password } = new URL(stage.url)
      peer.raw(PROTOCOL_HEADER)
      await peer.next('connection.start')
      peer.startOk('AMQPLAIN', encodePlain({ LOGIN: username, PASSWORD: password }))
    },
    'PLAIN with an identity': async (peer, stage) => {
      const { username, password } = new URL(stage.url)
      peer.raw(PROTOCOL_HEADER)
      await peer.next('connection.start')
      peer.startOk('PLAIN', Buffer.from(`someone\0${username}\0${password}`))
    },
  }),

  tune: casesAtTheDoor({
    'as offered': tuned(2_047, 131_072),
    'smallest frames': tuned(10, 4_096),
    'frames too small': tuned(10, 4_095),
    'frames too large': tuned(10, 131_073),
    'frames without limit': tuned(10, 0),
    'too many channels': tuned(2_048, 131_072),
    'channels without limit': tuned(0, 131_072),
    'unknown vhost': tuned(2_047, 131_072, 'none'),
    'empty vhost': tuned(2_047, 131_072, ''),
  }),

  'out-of-order': casesAtTheDoor({
    'start-ok of another kind': async (peer) => {
      peer.raw(PROTOCOL_HEADER)
      await peer.next('connection.start')
      peer.send(0, { name: 'connection.tune-ok', channelMax: 1, frameMax: 8192, heartbeat: 0 })
    },
    'channel before open': async (peer, stage) => {
      await toTune(peer, stage)
      peer.open(1)
    },
    'open before tune-ok': async (peer, stage) => {
      await toTune(peer, stage)
      peer.send(0, { name: 'connection.open', virtualHost: '/' })
    },
    'method that is the server\u2019s': async (peer, stage) => {
      await toTune(peer, stage)
      peer.send(0, { name: 'connection.open-ok' })
    },
  }),

  'close-of-connection': cases({
    'client closes': (peer) => peer.send(0, { name: 'connection.close', ...GOODBYE }),
    'close-ok unasked': (peer) => peer.send(0, { name: 'connection.close-ok' }),
    'opened twice': (peer) => peer.send(0, { name: 'connection.open', virtualHost: '/' }),
    'start-ok again': (peer, stage) => peer.startOk('PLAIN', plain(stage)),
    'channel method on 0': (peer) => peer.send(0, { name: 'channel.open' }),
    'connection method on 1': (peer) => peer.send(1, { name: 'connection.close', ...GOODBYE }),
  }),

  heartbeats: async (stage) => {
    const peer = await Peer.entered(stage, { heartbeat: 1 })
    await pause(1_500)
    stage.say(
      'heartbeat comes',
      peer.seen.some((sight: Sight) => sight[1] === '(heartbeat)'),
    )
    const seen = await peer.rest(6_000)
    stage.say('a silent client is left', seen.at(-1))
    const alive = await Peer.entered(stage, { heartbeat: 1 })
    for (let at = 0; at < 10; at++) {
      await pause(500)
      alive.frame(8, 0, new Uint8Array(0))
    }
    const kept = await alive.rest(0)
    stage.say(
      'a living one is not',
      kept.every((sight) => sight[1] === '(heartbeat)'),
    )
  },
}

interface Start {
  readonly versionMajor: number
  readonly versionMinor: number
  readonly mechanisms: string
  readonly locales: string
  readonly serverProperties: { readonly capabilities: object }
}

const GOODBYE = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 }

function sorted(table: object): object {
  return Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)))
}
