import type { Socket } from 'node:net'

/*
 * As little of HTTP/1.1 as both ends of a measurement need: messages with a content-length on a
 * connection that stays open. An ordinary client would cost more than what is measured.
 */

const END = '\r\n\r\n'
const LENGTH = /\r\ncontent-length: *(\d+)/i

/** Calls `onMessage` with the first line and the body of each message that has come as a whole. */
export function onMessages(socket: Socket, onMessage: (first: string, body: string) => void): void {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    for (;;) {
      const end = text.indexOf(END)
      if (end < 0) return
      const head = text.slice(0, end)
      const length = Number(LENGTH.exec(head)?.[1] ?? 0)
      const next = end + END.length + length
      if (text.length < next) return
      const body = text.slice(end + END.length, next)
      text = text.slice(next)
      onMessage(head.slice(0, head.indexOf('\r\n')), body)
    }
  })
}

export function postOf(path: string, body: string): string {
  return (
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n\r\n${body}`
  )
}

/** 200, nothing in it. */
export const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'
