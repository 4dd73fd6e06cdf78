import { run } from '../main.ts'

/** Calls the command: exit code, last line of standard output, standard error. */
export async function call(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  const output = { out: (line: string) => out.push(line), err: (line: string) => err.push(line) }
  const code = await run(args, output)
  return { code, last: out.at(-1) ?? '', err: err.join('\n') }
}
