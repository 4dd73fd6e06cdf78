import type { Verb } from './verb.ts'

/** The help of the whole command. */
export function help(verbs: readonly Verb[]): string {
  const single = verbs.filter(({ name }) => !name.includes(' '))
  return [
    'Usage: hufu VERB [options]',
    '',
    ...linesOf(single),
    '',
    ...groupLines(verbs),
    '',
    '  --json     one JSON object as the last line of standard output, the rest on standard error',
    '  --help     this, or the help of a verb',
    '  --version  same as the verb',
    '',
    'Exit codes: 0 what it checks holds, 1 it does not, 2 wrong usage or unreadable input,',
    '3 it cannot run here.',
  ].join('\n')
}

/** Of verbs with a word in common, such as `users add` and `users list`. */
export function helpOfGroup(name: string, verbs: readonly Verb[]): string {
  const more = `The help of one of them: hufu ${name} VERB --help`
  return [`Usage: hufu ${name} VERB [options]`, '', ...linesOf(verbs), '', more].join('\n')
}

function linesOf(verbs: readonly Verb[]): string[] {
  const width = Math.max(...verbs.map((verb) => callOf(verb).length))
  return verbs.map((verb) => `  ${callOf(verb).padEnd(width)}  ${verb.about}`)
}

/** A line for each group, with the words of its verbs. */
function groupLines(verbs: readonly Verb[]): string[] {
  const words = new Map<string, string[]>()
  for (const [group, word] of verbs.map(({ name }) => name.split(' '))) {
    if (word !== undefined) words.set(group!, [...(words.get(group!) ?? []), word])
  }
  const width = Math.max(...[...words.keys()].map((group) => group.length))
  return [...words].map(([group, all]) => `  ${group.padEnd(width)}  ${all.join(', ')}`)
}

/** The help of one verb. */
export function helpOf(verb: Verb): string {
  const options = Object.entries({ ...verb.options, json: { type: 'boolean' } }).map(
    ([name, { type }]) => `[--${name}${type === 'string' ? ` ${name.toUpperCase()}` : ''}]`,
  )
  const lines = [verb.about, ...(verb.more ?? [])].map((line) => `  ${line}`)
  return [`Usage: hufu ${[callOf(verb), ...options].join(' ')}`, '', ...lines].join('\n')
}

function callOf(verb: Verb): string {
  return [verb.name, ...verb.args].join(' ')
}
