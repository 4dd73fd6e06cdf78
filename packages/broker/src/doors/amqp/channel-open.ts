import { decodeMethod, FRAME_METHOD } from '@hufu/wire/amqp091'
import { AmqpError } from './amqp-error.ts'

/** Whether a frame on a channel that is not open opens it; false: it is the answer to a close. */
export function opensChannel(type: number, payload: Uint8Array): boolean {
  if (type !== FRAME_METHOD) {
    throw new AmqpError(505, 'expected method frame, got non method frame instead')
  }
  const { name } = decodeMethod(payload)
  if (name === 'channel.close-ok') return false
  if (name !== 'channel.open') throw new AmqpError(504, "expected 'channel.open'")
  return true
}
