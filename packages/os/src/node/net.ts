import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Connection, Listener, ListenOptions, Net, NetError, TlsOptions } from '../net.ts'
import { WRITE_HIGH_BYTES } from '../net.ts'
import { commonName, NodeConnection } from './net-connection.ts'

/** A TLS handshake that takes longer is given up. */
const HANDSHAKE_MS_MAX = 10_000

/** Connections that may wait to be accepted; the system may allow fewer. */
const BACKLOG = 4096

/** Half-open is allowed so that last words may be written when the other side has ended. */
const SOCKETS = { noDelay: true, highWaterMark: WRITE_HIGH_BYTES, allowHalfOpen: true }

const CASES: Record<string, string> = {
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'permission denied',
  ENOTFOUND: 'no address has this name',
}

type OnConnection = (connection: Connection) => void

/** TCP, with and without TLS. Nagle's algorithm is off; the system's keep-alive is not used. */
export const nodeNet: Net = {
  async listen(options, onConnection) {
    const server = options.tls
      ? await tlsServer(options, options.tls, onConnection)
      : plainServer(onConnection)
    await listening(server, options)
    return listenerOf(server, options)
  },
}

function plainServer(onConnection: OnConnection): Server {
  return createServer({ ...SOCKETS, pauseOnConnect: true }, (socket: Socket) =>
    onConnection(new NodeConnection(socket)),
  )
}

async function tlsServer(
  options: ListenOptions,
  tls: TlsOptions,
  onConnection: OnConnection,
): Promise<Server> {
  // Only now: it takes 30 ms, and most servers have no use for it.
  const { createServer: createTlsServer } = await import('node:tls')
  const asks = tls.ca !== undefined
  const settings = { ...SOCKETS, ...tls, requestCert: asks, rejectUnauthorized: false }
  try {
    const server = createTlsServer({ ...settings, handshakeTimeout: HANDSHAKE_MS_MAX })
    server.on('secureConnection', (socket) => {
      const cause = asks ? badCertificate(socket) : undefined
      if (cause === undefined) return onConnection(new NodeConnection(socket, commonName(socket)))
      socket.on('error', () => {})
      socket.destroy()
      options.onRefused?.(new Error(`Cannot take a connection: ${cause}`))
    })
    return server.on('tlsClientError', (cause) => options.onRefused?.(refusal(cause)))
  } catch (cause) {
    throw listenError(options, cause)
  }
}

/** What is wrong with the certificate that the client showed. None shown is not wrong. */
function badCertificate(socket: TLSSocket): string | undefined {
  if (socket.authorized || socket.getPeerX509Certificate() === undefined) return undefined
  return `the client's certificate is not good (${String(socket.authorizationError)})`
}

function refusal(cause: Error): Error {
  return new Error(`Cannot take a connection: the TLS handshake failed: ${cause.message}`, {
    cause,
  })
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  const { host, port } = options
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(listenError(options, cause))
    server.once('error', failed)
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', failed)
      // No file descriptor left: that one is not accepted, the next may be.
      server.on('error', (cause) => options.onRefused?.(cause))
      resolve()
    })
  })
}

function listenError({ host, port }: ListenOptions, cause: unknown): NetError {
  const { code = 'EINVAL', message } = cause as NodeJS.ErrnoException
  const shown = host.includes(':') ? `[${host}]` : host
  const text = CASES[code] ?? message
  const error = new Error(`Cannot listen on ${shown}:${port}: ${text} (${code})`, { cause })
  return Object.assign(error, { code })
}

function listenerOf(server: Server, options: ListenOptions): Listener {
  const { address, port } = server.address() as AddressInfo
  return {
    host: address ?? options.host,
    port,
    async close() {
      // Its callback waits for the open connections too; the port is free at once.
      server.close(() => {})
    },
  }
}
