import type { Transport } from '../ports/transport.ts'

/**
 * Checks one rule on an open transport in which the groups `a` and `b` of the event `e` are
 * declared.
 */
export type TransportRule = (transport: Transport) => Promise<void>
