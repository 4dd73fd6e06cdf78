import type { Choice, Skipped } from '../choice.ts'
import type { Program } from '../run/program.ts'
import { GO } from './go.ts'
import { JAVA } from './java.ts'
import { PIKA } from './python.ts'
import { placeOf, programsOf, type Toolchain } from './toolchain.ts'

const TOOLCHAINS: Readonly<Record<string, Toolchain>> = { python: PIKA, go: GO, java: JAVA }

/** Programs in other languages; a client whose toolchain is not there is skipped as a whole. */
export async function foreignPrograms(only: string, tell: (text: string) => void): Promise<Choice> {
  const programs: Program[] = []
  const skipped: Skipped[] = []
  for (const [folder, toolchain] of Object.entries(TOOLCHAINS)) {
    const { client } = toolchain
    if (only.includes('/') && !only.startsWith(`${client}/`)) continue
    try {
      tell(`${client}: preparing`)
      const start = await toolchain.prepare(placeOf(folder))
      const all = await programsOf(toolchain, start)
      programs.push(...all.filter(({ name }) => name.includes(only)))
    } catch (error) {
      skipped.push({ program: `${client}/*`, why: (error as Error).message })
    }
  }
  return { programs, skipped }
}
