import { type Disk, type DiskFile, nodeOs } from '@hufu/os'
import { serve } from './serve.ts'

/** Runs the server with the settings given as JSON; after SIGUSR2 every write fails. */
let failing = false

process.on('SIGUSR2', () => {
  failing = true
  console.error(JSON.stringify({ event: 'the disk fails from now on' }))
})

const disk: Disk = {
  ...nodeOs.disk,
  open: async (path, options) => failingFile(await nodeOs.disk.open(path, options)),
}

function failingFile(file: DiskFile): DiskFile {
  return {
    ...file,
    write: async (bytes, position) => {
      if (failing) throw Object.assign(new Error(`Cannot write ${file.path}: EIO`), { code: 'EIO' })
      await file.write(bytes, position)
    },
  }
}

await serve(JSON.parse(process.argv[2]!), { ...nodeOs, disk }, console.error)
