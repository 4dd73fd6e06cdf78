import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Toolchain, tool } from './toolchain.ts'

/** pika, fetched by pip. */
export const PIKA: Toolchain = {
  client: 'pika',
  async prepare({ sources, built }) {
    if (!existsSync(join(built, 'pika'))) {
      const what = ['--target', built, '-r', join(sources, 'requirements.txt')]
      await tool('python3', ['-m', 'pip', 'install', '--quiet', ...what], sources)
    }
    const env = { PYTHONPATH: built, PYTHONDONTWRITEBYTECODE: '1' }
    return { command: 'python3', args: [join(sources, 'programs.py')], env }
  },
}
