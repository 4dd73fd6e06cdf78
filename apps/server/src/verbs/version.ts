import { readFileSync } from 'node:fs'
import type { Verb } from '../verb.ts'

export const version: Verb = {
  name: 'version',
  args: [],
  about: 'The version of hufu and of Node',
  options: {},
  async run() {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    const json = { version: String(JSON.parse(manifest).version), node: process.versions.node }
    return { holds: true, text: `hufu ${json.version} on Node ${json.node}`, json }
  },
}
