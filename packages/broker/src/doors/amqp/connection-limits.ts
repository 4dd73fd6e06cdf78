/** From the last word of the server to the end, for the client to read it. */
export const LAST_WORD_MS = 500

/** Until a connection is open; and from a close to its answer. */
export const HANDSHAKE_MS = 10_000

/** Bytes that may wait to be sent before channels begin no more. */
export const OUT_MAX = 1 << 20

/** So many bytes go out before the turn is over. */
export const PIECE_BYTES = 64 << 10

/** Bytes of messages that are not whole yet. */
export const CONTENTS_MAX = 128 << 20

/** A login that failed is answered after this time, so that guessing is slow. */
export const REFUSED_MS = 1_000
