import { messageOf } from '../errors.ts'
import type { WebHandler } from './participant-handler.ts'

/** What is used of the `IncomingMessage` of `node:http`. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly readableDidRead: boolean
  readonly readableEnded: boolean
  iterator(options: { destroyOnReturn: boolean }): AsyncIterable<Uint8Array>
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown
  resume(): unknown
  destroy(): unknown
}

/** What is used of the `ServerResponse` of `node:http`. */
export interface NodeResponse {
  statusCode: number
  readonly writableFinished: boolean
  appendHeader(name: string, value: string): unknown
  end(body: Uint8Array): unknown
  on(event: 'close', listener: () => void): unknown
  destroy(): unknown
}

/** What a caller still sends after his answer is read and thrown away up to here, bytes. */
const DRAIN_BYTES_MAX = 1024 * 1024

/**
 * A handler as `node:http`, Express (`app.use(path, …)`) and Fastify (`request.raw`, `reply.raw`)
 * take it. The request's URL has path and query as they came, its host is not that of the caller. A
 * body that `express.json()` has parsed already is taken as it stands. The answer is sent as a
 * whole. How long a caller may take to send is up to the server (`requestTimeout`).
 */
export function toNode(handler: WebHandler): (req: NodeRequest, res: NodeResponse) => void {
  return (req, res) => {
    respond(handler, req, res).catch(() => res.destroy())
  }
}

async function respond(handler: WebHandler, req: NodeRequest, res: NodeResponse): Promise<void> {
  const abort = new AbortController()
  res.on('close', () => {
    if (!res.writableFinished) abort.abort(new Error('the caller has gone'))
  })
  const response = await answer(handler, req, abort.signal)
  const body = new Uint8Array(await response.arrayBuffer())
  res.statusCode = response.status
  for (const [name, value] of response.headers) res.appendHeader(name, value)
  res.end(body)
  drain(req)
}

async function answer(
  handler: WebHandler,
  req: NodeRequest,
  signal: AbortSignal,
): Promise<Response> {
  let request: Request
  try {
    request = requestOf(req, signal)
  } catch (error) {
    return new Response(`Reading the request: ${messageOf(error)}`, { status: 400 })
  }
  return handler(request)
}

function requestOf(req: NodeRequest, signal: AbortSignal): Request {
  const { method = 'GET', url = '/' } = req
  const headers = new Headers()
  for (const [name, value] of Object.entries(req.headers)) {
    // Names with a colon are those of HTTP/2 itself.
    if (value === undefined || name.startsWith(':')) continue
    for (const each of [value].flat()) headers.append(name, each)
  }
  const bare = method === 'GET' || method === 'HEAD'
  const body = bare ? {} : { body: bodyOf(req), duplex: 'half' as const }
  return new Request(`http://localhost${url}`, { method, headers, signal, ...body })
}

function bodyOf(req: NodeRequest & { body?: unknown }): string | Buffer | ReadableStream {
  const { body } = req
  if (req.readableDidRead && body !== undefined) {
    return typeof body === 'string' || body instanceof Uint8Array
      ? Buffer.from(body as string)
      : JSON.stringify(body)
  }
  // The request outlives its body: whoever sent too much is still to be answered.
  return ReadableStream.from(req.iterator({ destroyOnReturn: false }))
}

/** A caller reads his answer only after he has sent; but nobody may send for ever. */
function drain(req: NodeRequest): void {
  if (req.readableEnded) return
  let bytes = 0
  req.on('data', (chunk) => {
    bytes += chunk.length
    if (bytes > DRAIN_BYTES_MAX) req.destroy()
  })
  req.resume()
}
