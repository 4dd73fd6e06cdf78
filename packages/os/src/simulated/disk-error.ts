import type { DiskError } from '../disk.ts'

const CASES: Record<string, string> = {
  EBADF: 'the file is closed or not open for this',
  EEXIST: 'it is there already',
  EIO: 'the device failed',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'no space left on the device',
  ENOTDIR: 'it is no folder',
}

/** `tried` goes after "Cannot". */
export function diskError(code: string, tried: string, isTheCase = CASES[code]): DiskError {
  const text = `Cannot ${tried}: ${isTheCase === undefined ? code : `${isTheCase} (${code})`}`
  return Object.assign(new Error(text), { code })
}
