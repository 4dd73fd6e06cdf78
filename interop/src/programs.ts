import { join } from 'node:path'
import type { Choice } from './choice.ts'
import { foreignPrograms } from './foreign/foreign.ts'
import { SCENARIOS } from './node-clients.ts'
import type { Program } from './run/program.ts'

const PLAY = join(import.meta.dirname, 'play.ts')

/** The programs with this text in their name; brings in what foreign ones need. */
export async function choose(only: string, tell: (text: string) => void): Promise<Choice> {
  const ours = nodePrograms().filter(({ name }) => name.includes(only))
  const foreign = await foreignPrograms(only, tell)
  return { programs: [...ours, ...foreign.programs], skipped: foreign.skipped }
}

function nodePrograms(): Program[] {
  return Object.entries(SCENARIOS).flatMap(([client, scenarios]) =>
    Object.keys(scenarios).map((name) => ({
      name: `${client}/${name}`,
      command: process.execPath,
      args: [PLAY, client, name],
    })),
  )
}
