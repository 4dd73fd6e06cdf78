import type { Binding, Destination } from './exchange.ts'
import type { Arguments, Field } from './fields.ts'
import { sameValue, typeName } from './fields.ts'
import type { Matcher } from './matcher.ts'

/** Compares the headers of a message with the arguments of each binding. */
export class HeadersMatcher implements Matcher {
  readonly volatile = true
  readonly #tests = new Map<Binding, (headers: Arguments) => boolean>()

  add(binding: Binding): void {
    this.#tests.set(binding, headersTest(binding.arguments))
  }

  remove(binding: Binding): void {
    this.#tests.delete(binding)
  }

  match(_key: string, headers: () => Arguments, visit: (to: Destination) => void): void {
    if (this.#tests.size === 0) return
    const given = headers()
    for (const [binding, test] of this.#tests) if (test(given)) visit(binding.destination)
  }
}

/** Why the arguments of a binding to a headers exchange are wrong, in RabbitMQ's words. */
export function wrongMatch(table: Arguments): string | undefined {
  const field = table.get('x-match')
  if (field === undefined) return undefined
  const expected = 'all, any, all-with-x, or any-with-x'
  if (field.type !== 'S') {
    const text = `type ${typeName(field)} (value ${String(field.value)})`
    return `Invalid x-match field ${text}; expected longstr`
  }
  if (/^(all|any)(-with-x)?$/.test(String(field.value))) return undefined
  return `Invalid x-match field value <<"${String(field.value)}">>; expected ${expected}`
}

/**
 * `all` (the default): every argument is among the headers; `any`: at least one is. Arguments that
 * start with `x-` count only when `-with-x` is added; `x-match` itself never does. An argument
 * without a value asks only that the header is there.
 */
function headersTest(table: Arguments): (headers: Arguments) => boolean {
  const mode = String(table.get('x-match')?.value ?? 'all')
  const withX = mode.endsWith('-with-x')
  const wanted = [...table].filter(([name]) => {
    return name !== 'x-match' && (withX || !name.startsWith('x-'))
  })
  if (mode.startsWith('any')) {
    return (headers) => wanted.some(([name, field]) => fits(field, headers.get(name)))
  }
  return (headers) => wanted.every(([name, field]) => fits(field, headers.get(name)))
}

function fits(wanted: Field, given: Field | undefined): boolean {
  if (given === undefined) return false
  return wanted.type === 'V' || sameValue(wanted.value, given.value)
}
