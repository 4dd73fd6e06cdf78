import type { Verb } from './verb.ts'

/** The help of the whole command. */
export function help(verbs: readonly Verb[]): string {
  const width = Math.max(...verbs.map((verb) => callOf(verb).length))
  return [
    'Usage: hufu VERB [options]',
    '',
    ...verbs.map((verb) => `  ${callOf(verb).padEnd(width)}  ${verb.about}`),
    '',
    '  --json     one JSON object as the last line of standard output, the rest on standard error',
    '  --help     this, or the help of a verb',
    '  --version  same as the verb',
    '',
    'Exit codes: 0 what it checks holds, 1 it does not, 2 wrong usage or unreadable input,',
    '3 it cannot run here.',
  ].join('\n')
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
