import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { quantile, rounded } from '../statistics.ts'
import type { Entrant } from './entrant.ts'
import { onMessages } from './wire.ts'

export interface Load {
  readonly entrant: Pick<Entrant, 'port' | 'submit'>
  /** Connections, each with one saga after the other. */
  readonly callers: number
  readonly seconds: number
  /** Ids begin with it. */
  readonly prefix: string
}

export interface Driven {
  readonly sagas: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
}

/** Closed loop: as many sagas as go, until the time is over and all of them have ended. */
export async function drive({ entrant, callers, seconds, prefix }: Load): Promise<Driven> {
  const sockets = await Promise.all(Array.from({ length: callers }, () => connected(entrant.port)))
  const times: number[] = []
  const started = performance.now()
  const end = started + seconds * 1_000
  let count = 0
  const next = () => entrant.submit(`${prefix}${++count}`)
  await Promise.all(sockets.map((socket) => caller(socket, end, next, times)))
  const took = (performance.now() - started) / 1_000
  for (const socket of sockets) socket.destroy()
  const at = (part: number) => rounded(quantile(times, part))
  return { sagas: times.length, seconds: took, p50: at(0.5), p99: at(0.99) }
}

function caller(socket: Socket, end: number, next: () => string, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let since = performance.now()
    const send = () => {
      since = performance.now()
      if (since >= end) return resolve()
      socket.write(next())
    }
    onMessages(socket, (first, body) => {
      times.push(performance.now() - since)
      if (first.includes(' 200 ')) send()
      else reject(new Error(`a saga was answered: ${first} ${body}`))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the coordinator closed a connection')))
    send()
  })
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}
