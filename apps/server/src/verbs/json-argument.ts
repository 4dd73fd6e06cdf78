import type { Call } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { textOf } from './admin-verb.ts'

/** What `--arguments` may hold. */
export const ARGUMENTS = { arguments: { type: 'string' } } as const

/** The value of an argument that has to be JSON; `name` as the help has it. */
export function jsonIn(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const { message } = error as SyntaxError
    throw new UsageError(`Cannot use ${name}: it is no JSON: ${message}`, { cause: error })
  }
}

/** Of `--arguments`; undefined where it is not given. */
export function argumentsIn(call: Call): unknown {
  const text = textOf(call, 'arguments')
  return text === undefined ? undefined : jsonIn('--arguments', text)
}
