import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Toolchain, tool } from './toolchain.ts'

/** RabbitMQ's Java client, fetched by Maven. */
export const JAVA: Toolchain = {
  client: 'java',
  async prepare({ sources, built }) {
    const libraries = join(built, 'lib')
    await tool('javac', ['-version'], sources)
    if (!existsSync(libraries)) {
      const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${libraries}`]
      await tool('mvn', ['-q', '-B', ...copy], sources)
    }
    const jars = readdirSync(libraries).map((jar) => join(libraries, jar))
    const classes = join(built, 'classes')
    const files = readdirSync(sources).filter((file) => file.endsWith('.java'))
    await tool('javac', ['-d', classes, '-cp', jars.join(delimiter), ...files], sources)
    const path = [classes, ...jars].join(delimiter)
    return { command: 'java', args: ['-XX:TieredStopAtLevel=1', '-cp', path, 'Programs'] }
  },
}
