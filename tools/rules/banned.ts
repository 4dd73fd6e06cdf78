import type { Problem, SourceFile } from '../source/file.ts'
import { isTestFile, problem } from '../source/file.ts'
import { importsOf } from '../source/imports.ts'

interface Ban {
  readonly pattern: RegExp
  readonly instead: string
}

/** Time, timers and randomness are parameters: a simulated machine must be able to supply them. */
const CALLS: readonly Ban[] = [
  { pattern: /(?<![.\w$])Date\.now\b/g, instead: 'os.clock.now()' },
  { pattern: /(?<![.\w$])new Date(?:\(\s*\)|(?![\w$(]))/g, instead: 'os.clock.now()' },
  { pattern: /(?<![.\w$])(?:globalThis\.)?performance\./g, instead: 'os.clock.mono()' },
  { pattern: /(?<![.\w$])process\.hrtime\b/g, instead: 'os.clock.mono()' },
  { pattern: /(?<![.\w$])set(?:Timeout|Interval)\b/g, instead: 'os.clock.timer()' },
  { pattern: /(?<![.\w$])AbortSignal\.timeout\b/g, instead: 'os.clock.timer()' },
  { pattern: /(?<![.\w$])setImmediate\b/g, instead: 'os.clock.turn()' },
  { pattern: /(?<![.\w$])Math\.random\b/g, instead: 'os.random.next()' },
  { pattern: /\brandom(?:UUID|Bytes|Int)\b/g, instead: 'os.random.id()' },
  { pattern: /\bgetRandomValues\b/g, instead: 'os.random.id()' },
]

/** Adapters of the protocol: participants, and the server's administration. */
const HTTP = /^(?:packages\/hufu\/src\/http|apps\/server\/src\/administration)\//

const MODULES: readonly { pattern: RegExp; instead: string; besides?: RegExp }[] = [
  { pattern: /^node:fs(\/|$)/, instead: 'os.disk', besides: /^apps\/server\// },
  {
    pattern: /^node:sqlite$/,
    instead: 'a store',
    besides: /^packages\/hufu\/src\/stores\/sqlite\//,
  },
  { pattern: /^node:(net|tls|dgram|http2)$/, instead: 'a port of os' },
  { pattern: /^node:https?$/, instead: 'a port of os', besides: HTTP },
  { pattern: /^node:(timers(\/|$)|perf_hooks$)/, instead: 'os.clock' },
]

const EXEMPT = [
  /^packages\/os\/src\//,
  /^packages\/hufu\/src\/testing\//,
  /^(?:tools|examples|bench|chaos|interop|apps\/demo)\//,
]

/** Calls and modules that only the os package may use (law 7), each with what to use instead. */
export function banned(file: SourceFile): Problem[] {
  if (isTestFile(file.path) || EXEMPT.some((each) => each.test(file.path))) return []
  const calls = CALLS.flatMap(({ pattern, instead }) =>
    [...file.code.matchAll(pattern)].map((match) =>
      problem('banned', file, match.index, `'${match[0].trim()}': use ${instead}`),
    ),
  )
  const modules = importsOf(file).flatMap(({ specifier, line }) =>
    MODULES.filter(({ pattern, besides }) => {
      return pattern.test(specifier) && besides?.test(file.path) !== true
    }).map(({ instead }): Problem => {
      const text = `import of '${specifier}': use ${instead}`
      return { rule: 'banned', path: file.path, line, text }
    }),
  )
  return [...calls, ...modules]
}
