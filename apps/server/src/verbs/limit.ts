import type { Call } from '../verb.ts'
import { UsageError } from '../verb.ts'
import { textOf } from './admin-verb.ts'

/** A whole number, null for `none`, undefined where it is not given. */
export function limitOf(call: Call, name: string): number | null | undefined {
  return textOf(call, name) === 'none' ? null : countOf(call, name)
}

/** A whole number from 0; undefined where it is not given. */
export function countOf(call: Call, name: string): number | undefined {
  const text = textOf(call, name)
  if (text === undefined) return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`Cannot use --${name} '${text}': it is no whole number`)
}
