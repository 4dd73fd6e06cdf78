/** One bench: prints its tables through `say`, returns what `--json` gives. */
export interface Bench {
  readonly about: string
  readonly flags: string
  run(args: readonly string[], say: (text: string) => void): Promise<object>
}
