import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { ANSWER, onMessages } from './wire.ts'
import { ready } from './worker.ts'

/** Participants of both branches: they answer 200 and do nothing. */
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy())
  onMessages(socket, () => socket.write(ANSWER))
})
server.listen(0, '127.0.0.1', () => {
  ready({ port: (server.address() as AddressInfo).port, usage: () => ({}) })
})
