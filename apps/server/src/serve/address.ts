import { UsageError } from '../verb.ts'

/** Where a door listens. */
export interface Address {
  /** IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

const FORM = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/
const PORT_MAX = 65_535

/** Of `:port`; so that nobody is let in from elsewhere by leaving something out. */
const HOST_DEFAULT = '127.0.0.1'

/** Reads `host:port`, `[::1]:port` or `:port`. */
export function parseAddress(name: string, text: string): Address {
  const [, bracketed, plain, digits] = FORM.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > PORT_MAX) {
    const form = 'it is not HOST:PORT or [IPv6]:PORT with a port from 0 to 65535'
    throw new UsageError(`Cannot use ${name} '${text}': ${form}`)
  }
  return { host: bracketed ?? (plain || HOST_DEFAULT), port }
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
