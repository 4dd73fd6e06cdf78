import { EXPECTED_DIFFERENCES } from '../expected-differences.ts'
import { type Difference, differences, expectedAs } from './compare.ts'
import { type Program, play, type Transcript } from './program.ts'

/** Where the programs are played. */
export interface Servers {
  readonly hufu: string
  readonly rabbitmq: string
}

export interface Verdict {
  readonly program: string
  /** Those that the table does not expect. */
  readonly different: readonly Difference[]
  /** Why each of the others is as it is. */
  readonly expected: readonly string[]
  /** What the program saw on each. */
  readonly hufu: Transcript
  readonly rabbitmq: Transcript
}

/** Programs under way at a time: both servers, the programs and the machine's other work. */
const AT_A_TIME = 2

/** Plays each program on both servers, in order; tells of each as it is done. */
export async function run(
  programs: readonly Program[],
  servers: Servers,
  tell: (verdict: Verdict) => void,
): Promise<void> {
  const waiting = [...programs]
  const lane = async () => {
    for (;;) {
      const program = waiting.shift()
      if (!program) return
      tell(await judge(program, servers))
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, lane))
}

async function judge(program: Program, servers: Servers): Promise<Verdict> {
  const [hufu, rabbitmq] = await Promise.all([
    play(program, servers.hufu),
    play(program, servers.rabbitmq),
  ])
  const judged = differences(hufu, rabbitmq).map((difference) => {
    return { difference, entry: expectedAs(EXPECTED_DIFFERENCES, program.name, difference) }
  })
  return {
    program: program.name,
    different: judged.filter(({ entry }) => !entry).map(({ difference }) => difference),
    expected: judged.flatMap(({ entry }) => (entry ? [entry.why] : [])),
    hufu,
    rabbitmq,
  }
}
