import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { UsageError } from '../verb.ts'
import type { Administrator, Watch } from './administrator.ts'
import { type AnswerLine, RefusedError } from './answer.ts'

/** Nobody listens there. */
const NOBODY: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ENOTDIR']

/** A running server, by its socket. */
export class ServerAdministrator implements Administrator {
  readonly through = 'server'
  readonly #path: string

  private constructor(path: string) {
    this.#path = path
  }

  /** Undefined: no server is there. `UsageError`: one is, and this user may not reach it. */
  static async find(path: string): Promise<ServerAdministrator | undefined> {
    const found = new ServerAdministrator(path)
    try {
      const { response } = await found.#post('/', '')
      response.resume()
      return found
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (NOBODY.includes(code)) return undefined
      const why = code === 'EACCES' ? "it is another user's" : message
      throw new UsageError(`Cannot reach the server by ${path}: ${why}`, { cause: error })
    }
  }

  async call(operation: string, input: object, watch: Watch): Promise<object> {
    const stop = new AbortController()
    try {
      const { response } = await this.#post(`/operations/${operation}`, JSON.stringify(input))
      for await (const line of linesOf(response)) {
        if ('result' in line) return line.result
        if ('error' in line) throw new RefusedError(line.error)
        if ('progress' in line) watch.progress(line.progress)
        else this.#stopWhen(watch.signal, line.job, stop.signal)
      }
    } catch (error) {
      if (error instanceof RefusedError) throw error
      throw gone(operation, error)
    } finally {
      stop.abort()
    }
    throw gone(operation, undefined)
  }

  async close(): Promise<void> {}

  /** Whoever waits goes on waiting: the answer says how far it came. */
  #stopWhen(signal: AbortSignal, job: string, over: AbortSignal): void {
    const stop = () => {
      this.#post(`/jobs/${job}/stop`, '').then(
        ({ response }) => response.resume(),
        () => undefined,
      )
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { signal: over })
  }

  #post(path: string, body: string): Promise<{ response: IncomingMessage }> {
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = request({ socketPath: this.#path, path, method: 'POST' })
      sent.on('error', reject)
      sent.on('response', (response) => resolve({ response }))
      sent.end(body)
    })
  }
}

function gone(operation: string, cause: unknown): RefusedError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  const message = `Cannot say whether ${operation} was done: the server has gone${why}`
  return new RefusedError({ reason: 'gone', message })
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<AnswerLine> {
  let rest = ''
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop()!
    for (const line of lines) yield JSON.parse(line)
  }
}
