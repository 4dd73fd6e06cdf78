import { encodePlain, type PlainFields } from '@hufu/wire/amqp091'
import type { Scenarios } from '../scenario.ts'
import { type Case, cases } from './cases.ts'
import { declare } from './methods.ts'

type Flags = Parameters<typeof declare>[1]

function declared(args: PlainFields, flags: Flags = {}): Case {
  return (peer, { name }) => {
    peer.send(1, declare(name, { exclusive: false, arguments: encodePlain(args), ...flags }))
  }
}

const QUORUM = { 'x-queue-type': 'quorum' }
const DURABLE = { durable: true }
const KEY = { 'x-dead-letter-routing-key': 'k' }

/** Which of several mistakes in a declaration is told, and how. */
export const REFUSALS: Scenarios = {
  'quorum-properties': cases({
    'auto-delete': declared(QUORUM, { ...DURABLE, autoDelete: true }),
    exclusive: declared(QUORUM, { ...DURABLE, exclusive: true }),
    'not durable': declared(QUORUM),
    'not durable, exclusive': declared(QUORUM, { exclusive: true }),
    'exclusive, auto-delete': declared(QUORUM, { ...DURABLE, exclusive: true, autoDelete: true }),
    all: declared(QUORUM, { exclusive: true, autoDelete: true }),
    'all, and an argument': declared(
      { ...QUORUM, 'x-max-priority': 3 },
      { exclusive: true, autoDelete: true },
    ),
    'all, and a wrong value': declared(
      { ...QUORUM, 'x-message-ttl': -1 },
      { exclusive: true, autoDelete: true },
    ),
    'no name': (peer) => {
      peer.send(1, declare('', { ...DURABLE, exclusive: false, arguments: encodePlain(QUORUM) }))
    },
    'no name, auto-delete': (peer) => {
      const flags = { ...DURABLE, exclusive: false, autoDelete: true }
      peer.send(1, declare('', { ...flags, arguments: encodePlain(QUORUM) }))
    },
  }),

  'order-of-arguments': cases({
    'key without exchange': declared(KEY),
    'key of another type, no exchange': declared({ 'x-dead-letter-routing-key': true }),
    'key of another type': declared({
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': true,
    }),
    'key, ttl': declared({ ...KEY, 'x-message-ttl': -1 }),
    'key, expires': declared({ ...KEY, 'x-expires': 0 }),
    'key, length': declared({ ...KEY, 'x-max-length': -1 }),
    'key, bytes': declared({ ...KEY, 'x-max-length-bytes': -1 }),
    'key, overflow': declared({ ...KEY, 'x-overflow': 'x' }),
    'key, priority': declared({ ...KEY, 'x-max-priority': -1 }),
    'key, mode': declared({ ...KEY, 'x-queue-mode': 'x' }),
    'key, single': declared({ ...KEY, 'x-single-active-consumer': 'x' }),
    'key, type': declared({ ...KEY, 'x-queue-type': 'x' }),
    'ttl, expires': declared({ 'x-message-ttl': -1, 'x-expires': 0 }),
    'length, bytes': declared({ 'x-max-length-bytes': -1, 'x-max-length': -1 }),
    'length, overflow': declared({ 'x-overflow': 'x', 'x-max-length': -1 }),
    'overflow, priority': declared({ 'x-overflow': 'x', 'x-max-priority': -1 }),
    'priority, mode': declared({ 'x-queue-mode': 'x', 'x-max-priority': -1 }),
    'mode, single': declared({ 'x-queue-mode': 'x', 'x-single-active-consumer': 'x' }),
    'overflow, single': declared({ 'x-overflow': 'x', 'x-single-active-consumer': 'x' }),
    'another type’s, and a wrong value': declared({
      'x-max-age': '1D',
      'x-max-length': -1,
    }),
    'quorum: length, and a classic one’s': declared(
      { ...QUORUM, 'x-max-length': -1, 'x-max-priority': 3 },
      DURABLE,
    ),
  }),
}
