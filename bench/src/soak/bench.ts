import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { numberFlag, readFlags } from '../flags.ts'
import { median, rounded } from '../statistics.ts'
import { Soak } from './soak.ts'

/** Between two looks at the memory, ms. */
const LOOK_MS = 5_000

export const soakBench: Bench = {
  about: 'Publishing and consuming at a steady rate upon a backlog: whether memory stays steady.',
  flags: '[--minutes 10] [--rate 20000] [--backlog 1000000] [--dir FOLDER]',
  async run(args, say) {
    const flags = readFlags(args, ['minutes', 'rate', 'backlog', 'dir'])
    const minutes = numberFlag(flags.minutes, 'minutes', 10, 0.1, 10_000)
    const rate = numberFlag(flags.rate, 'rate', 20_000, 1, 1e7)
    const backlog = numberFlag(flags.backlog, 'backlog', 1_000_000, 0, 1e8)
    const dir = mkdtempSync(join(flags.dir ?? tmpdir(), 'hufu-bench-'))
    const soak = await Soak.open(join(dir, 'broker'))
    try {
      await soak.fill(backlog)
      const looks = await watch(soak, rate, minutes * 60_000, say)
      return summary(looks, { minutes, rate, backlog, ...soak.counts })
    } finally {
      await soak.close()
      rmSync(dir, { recursive: true })
    }
  },
}

async function watch(
  soak: Soak,
  rate: number,
  forMs: number,
  say: (text: string) => void,
): Promise<number[]> {
  const stop = soak.start(rate)
  const looks: number[] = []
  const end = performance.now() + forMs
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    looks.push(process.memoryUsage().rss / 2 ** 20)
    const { published, consumed } = soak.counts
    const memory = `${Math.round(looks.at(-1)!)} MiB`
    if (looks.length % 12 === 0) say(`${memory}, ${published} published, ${consumed} consumed`)
  }
  await stop()
  return looks
}

/** The first and the last quarter of the time, beside each other. */
function summary(looks: readonly number[], more: object) {
  const quarter = Math.max(1, looks.length >> 2)
  const early = median(looks.slice(0, quarter))
  const late = median(looks.slice(-quarter))
  return {
    ...more,
    earlyRssMiB: Math.round(early),
    lateRssMiB: Math.round(late),
    growth: rounded(late / early, 3),
    highestRssMiB: Math.round(Math.max(...looks)),
  }
}
