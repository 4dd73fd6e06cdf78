import { drive } from './drive.ts'
import { type Fill, fill } from './fill.ts'
import type { Load } from './load.ts'

/** The driver's process: takes a load or a fill, answers with what came of it. */
process.on('disconnect', () => process.exit())
process.on('message', (task: Load | Fill) => {
  answer(task).then(
    (answered) => process.send?.(answered),
    (error: Error) => process.send?.({ error: error.stack }),
  )
})

async function answer(task: Load | Fill): Promise<object> {
  return 'messages' in task ? { seconds: await fill(task) } : { driven: await drive(task) }
}
