import { join } from 'node:path'
import { type Toolchain, tool } from './toolchain.ts'

/** amqp091-go, fetched and built by go. */
export const GO: Toolchain = {
  client: 'amqp091-go',
  async prepare({ sources, built }) {
    const program = join(built, 'programs')
    await tool('go', ['build', '-o', program, '.'], sources)
    return { command: program, args: [] }
  },
}
