import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as TlsAgent } from 'node:https'
import type { Answer } from './answer.ts'
import type { Exchange, Outgoing } from './exchange.ts'
import { readChunks } from './read-chunks.ts'

/**
 * Connections to one place stay open while nobody calls it, up to so many, for so long, or as long
 * as the other side announces. They keep no process alive.
 */
const KEPT = {
  keepAlive: true,
  maxFreeSockets: 1_024,
  timeout: 60_000,
  scheduling: 'lifo',
} as const

const agent = new Agent(KEPT)
const tlsAgent = new TlsAgent(KEPT)

/** Calls with `node:http`, at a third of what the global `fetch` costs. */
export const nodeExchange: Exchange = (call) =>
  new Promise<Answer>((resolve, reject) => {
    const { signal, bytesMax } = call
    if (signal.aborted) return reject(signal.reason)
    const abort = () => void request.destroy(new Error('aborted'))
    const over = () => signal.removeEventListener('abort', abort)
    const fail = (error: Error) => {
      over()
      reject(error)
    }
    const request = begun(call, (response) => {
      const { statusCode = 0 } = response
      const headers = headersIn(response)
      readChunks(response, bytesMax, fail, (read) => {
        over()
        if (!read.whole) request.destroy()
        resolve({ status: statusCode, headers, ...read })
      })
    })
    signal.addEventListener('abort', abort)
    request.on('error', fail)
    // A text goes out in one piece with the headers, bytes would go beside them.
    request.end(call.body)
  })

function begun(
  { target, path, headers, body }: Outgoing,
  onResponse: (response: IncomingMessage) => void,
): ClientRequest {
  const { hostname, port } = target
  const options = {
    method: 'POST',
    // The brackets of an IPv6 address are the URL's, not the address's.
    hostname: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    ...(port !== '' && { port }),
    path,
    // Compressed answers would have to be taken apart: none are asked for.
    headers: {
      ...headers,
      'accept-encoding': 'identity',
      'content-length': body === undefined ? 0 : Buffer.byteLength(body),
    },
  }
  return target.secure
    ? requestHttps({ ...options, agent: tlsAgent }, onResponse)
    : requestHttp({ ...options, agent }, onResponse)
}

function headersIn({ headers }: IncomingMessage): Answer['headers'] {
  return {
    get(name) {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : (value ?? null)
    },
  }
}
