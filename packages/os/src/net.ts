/** An error of the net port. `code` is the system's own name of the error (`EADDRINUSE`, …). */
export interface NetError extends Error {
  code: string
}

/** What a listener with TLS needs. Certificates and keys are PEM. */
export interface TlsOptions {
  /** The server's certificate, and those between it and a root that clients know. */
  cert: string
  /** Its private key. */
  key: string
  /**
   * Authorities whose certificates are taken from clients. When given, clients are asked for one:
   * with a bad one they are refused, without one let in, with no `peerName`. Default: clients are
   * not asked.
   */
  ca?: string
}

/** Where and how a listener accepts. */
export interface ListenOptions {
  /** An address of this machine or a name of it; IPv6 without brackets. */
  host: string
  /** 0: any free one. */
  port: number
  /** Default: no TLS. */
  tls?: TlsOptions
  /**
   * Told of connections that never came to be: a failed handshake, no file descriptor left. The
   * listener goes on. Default: nobody is told.
   */
  onRefused?: (error: Error) => void
}

/** Accepts connections. */
export interface Listener {
  /** The address itself, also where a name was given. */
  readonly host: string
  readonly port: number
  /** Accepts no more; connections that are open stay. Repeated calls are harmless. */
  close(): Promise<void>
}

/** What a connection tells its owner, always one after the other, never within `start`. */
export interface Handlers {
  /** Bytes came. They are good during the call only: what is kept of them must be copied. */
  data(chunk: Uint8Array): void
  /** All that was written has been taken; comes after a `write` that returned false. */
  drain(): void
  /** The other side sends no more. Ours ends by itself after what is written by the end of this. */
  end(): void
  /** Over, both ways: the last call. With `error` when it did not end in order. */
  close(error?: Error): void
}

/** An open connection. Its errors come by `Handlers.close`; no method throws. */
export interface Connection {
  /** The other side's address. */
  readonly remote: { readonly host: string; readonly port: number }
  /** The other side is on this machine: 127.0.0.0/8 or ::1. */
  readonly loopback: boolean
  /** Common name of the client's certificate, when one was asked for, given and good. */
  readonly peerName: string | undefined
  /** Begins to read, to be called once. What happened before it is told after it. */
  start(handlers: Handlers): void
  /**
   * Sends the bytes, at once as far as the system takes them; they must not change before it took
   * them. False: `WRITE_HIGH_BYTES` or more wait, the other side does not keep up; `drain` comes,
   * or `close`. After `end`, `destroy` or the connection's own end they are dropped.
   */
  write(bytes: Uint8Array): boolean
  /** Bytes written and not yet taken by the system. */
  readonly buffered: number
  /**
   * No `data` until `resume`. Nothing is read meanwhile, so that the other side's end goes
   * unnoticed.
   */
  pause(): void
  resume(): void
  /** Ends our side after what is written; the connection is over when the other side ends too. */
  end(): void
  /** Ends it at once; what waits to be sent is dropped. `close` comes without an error. */
  destroy(): void
}

/** So many bytes may wait to be sent before `write` returns false. */
export const WRITE_HIGH_BYTES = 64 * 1024

/** The network, as a server sees it: streams of bytes. */
export interface Net {
  /**
   * Accepts connections; each is given to `onConnection` once (with TLS: after the handshake) and
   * not read before its `start`. Rejects with a `NetError` when the address cannot be had.
   */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>
}
