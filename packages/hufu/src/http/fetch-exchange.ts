import type { Exchange } from './exchange.ts'
import { readBytes } from './read-bytes.ts'

/** Calls with the user's own `fetch`. */
export function fetchExchange(fetchLike: typeof fetch): Exchange {
  return async ({ target, path, headers, body, signal, bytesMax }) => {
    const init = { method: 'POST', redirect: 'manual', signal, headers } as const
    const response = await fetchLike(
      `${target.origin}${path}`,
      body === undefined ? init : { ...init, body },
    )
    const { status, headers: answered } = response
    return { status, headers: answered, ...(await readBytes(response.body, bytesMax)) }
  }
}
