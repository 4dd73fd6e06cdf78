import { parseArgs } from 'node:util'

/** The command line is wrong; exit code 2. */
export class UsageError extends Error {}

/** Flags with a value, as texts; throws `UsageError` for any other. */
export function readFlags<Name extends string>(
  args: readonly string[],
  names: readonly Name[],
): Partial<Record<Name, string>> {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
    return parseArgs({ args: [...args], options }).values as Partial<Record<Name, string>>
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** A number in the given bounds; `fallback` when the flag is missing. */
export function numberFlag(
  text: string | undefined,
  name: string,
  fallback: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (value >= min && value <= max) return value
  throw new UsageError(`--${name} ${text}: a number from ${min} to ${max} is wanted`)
}
