import { connect } from 'node:net'
import { PROTOCOL_HEADER } from '@hufu/wire/amqp091'

/** Whether the server at this address answers a protocol header with a method. */
export function accepts(url: string): Promise<boolean> {
  const { hostname: host, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) }, () => socket.write(PROTOCOL_HEADER))
    const answer = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('data', (bytes) => answer(bytes[0] === 1))
    socket.once('error', () => answer(false))
    socket.once('close', () => answer(false))
  })
}
