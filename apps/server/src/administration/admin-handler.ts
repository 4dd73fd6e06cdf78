import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Administration } from '@hufu/broker/amqp'
import type { Random } from '@hufu/os'
import type { AnswerLine } from './answer.ts'
import { Input } from './input.ts'
import { OPERATIONS } from './operations.ts'
import { refusalOf } from './refusal.ts'

/** Largest input, bytes: a definitions file. */
const INPUT_BYTES_MAX = 64 << 20

/** An operation that was tried. */
export interface Done {
  readonly operation: string
  /** Undefined where it could not be read. */
  readonly input: Input | undefined
  /** Why it was not done. */
  readonly error?: string
}

/**
 * Answers `POST /operations/NAME` with lines of JSON (see `AnswerLine`), and `POST /jobs/ID/stop`.
 * It asks nobody who they are: that is the matter of whoever lets them in.
 */
export class AdminHandler {
  readonly #administration: Administration
  readonly #random: Random
  readonly #onDone: (done: Done) => void
  readonly #jobs = new Map<string, AbortController>()

  /** `onDone` is told of every operation that was tried. */
  constructor(administration: Administration, random: Random, onDone: (done: Done) => void) {
    this.#administration = administration
    this.#random = random
    this.#onDone = onDone
  }

  /** Of `node:http`. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    this.#answer(request, response).catch(() => response.destroy())
  }

  /** Every operation under way ends as soon as it can. */
  stop(): void {
    for (const job of this.#jobs.values()) job.abort()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, place, name = '', word] = (request.url ?? '').split('/').map(decodeURIComponent)
    if (request.method !== 'POST') return refuse(response, 405, 'only POST is taken')
    if (place === 'operations' && Object.hasOwn(OPERATIONS, name))
      return this.#operate(name, request, response)
    const job = place === 'jobs' && word === 'stop' ? this.#jobs.get(name) : undefined
    if (job === undefined) return refuse(response, 404, 'no such operation or job')
    job.abort()
    response.end('{}\n')
  }

  async #operate(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const job = new AbortController()
    const id = this.#random.id()
    const write = (line: AnswerLine) => response.write(`${JSON.stringify(line)}\n`)
    response.on('close', () => job.abort())
    this.#jobs.set(id, job)
    let input: Input | undefined
    try {
      input = Input.parse(await bodyOf(request))
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      write({ job: id })
      const context = {
        administration: this.#administration,
        signal: job.signal,
        progress: (progress: object) => void write({ progress }),
      }
      write({ result: await OPERATIONS[name]!(input, context) })
      this.#onDone({ operation: name, input })
    } catch (error) {
      const refusal = refusalOf(name, error)
      write({ error: refusal })
      this.#onDone({ operation: name, input, error: refusal.message })
    } finally {
      this.#jobs.delete(id)
      response.end()
    }
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/x-ndjson' })
  response.end(`${JSON.stringify({ error: { reason: 'argument', message } })}\n`)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > INPUT_BYTES_MAX) throw new Error(`the input has over ${INPUT_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
