import { HufuError } from 'hufu'

/** Refuses texts that are empty or longer than so many characters, by their names. */
export function checkTexts(
  what: string,
  texts: Readonly<Record<string, readonly [string, number]>>,
): void {
  for (const [name, [text, max]] of Object.entries(texts)) {
    if (text === '') throw new HufuError('ARGUMENT', `${what}: ${name} is empty`)
    if (text.length <= max) continue
    throw new HufuError('LIMIT', `${what}: ${name} has ${text.length} characters, limit ${max}`)
  }
}
