import { PLANTED_VARIABLE, plant } from './planted/plant.ts'

// Before anything of the broker or the library is loaded.
const bug = process.env[PLANTED_VARIABLE]
if (bug) plant(bug)

const { main } = await import('./cli/cli.ts')
process.exitCode = await main(process.argv.slice(2))
