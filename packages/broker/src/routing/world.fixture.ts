import type { Binding, Exchange } from './exchange.ts'
import type { Arguments, Field } from './fields.ts'
import type { Routing } from './routing.ts'

/** Strings, booleans, nulls and whole numbers as the fields that clients send for them. */
export function tableOf(values: Record<string, unknown>): Arguments {
  return new Map(Object.entries(values).map(([name, value]) => [name, fieldOf(value)]))
}

function fieldOf(value: unknown): Field {
  if (value === null) return { type: 'V', value: undefined }
  if (typeof value === 'string') return { type: 'S', value }
  if (typeof value === 'boolean') return { type: 't', value }
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'I' : 'd', value }
  return value as Field
}

export function exchangeOf(
  name: string,
  type: Exchange['type'],
  options: Partial<Exchange> = {},
): Exchange {
  const usual = { durable: true, autoDelete: false, internal: false, arguments: new Map() }
  return { ...usual, name, type, ...options }
}

/** The binding that `x -key-> q` writes; `=key=>` leads to an exchange. */
export function bindingOf(text: string, values: Record<string, unknown> = {}): Binding {
  const [, source, toExchange, toQueue, name] = /^(\S+) (?:=(.*)=>|-(.*)->) (\S+)$/.exec(text)!
  const kind = toQueue === undefined ? 'exchange' : 'queue'
  const destination = { kind, name: name! } as const
  return { source: source!, destination, key: toQueue ?? toExchange!, arguments: tableOf(values) }
}

/** Binds; queues that are not there are added. */
export function bind(routing: Routing, ...texts: string[]): void {
  for (const text of texts) {
    const binding = bindingOf(text)
    const { kind, name } = binding.destination
    if (kind === 'queue') routing.addQueue(name)
    routing.bind(binding)
  }
}

export function routed(
  routing: Routing,
  exchange: string,
  key: string,
  headers: Record<string, unknown> = {},
): string[] {
  const into = new Set<string>()
  routing.route(exchange, key, () => tableOf(headers), into)
  return [...into].sort()
}
