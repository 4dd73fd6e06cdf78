import { randomBytes } from 'node:crypto'
import type { Random } from '../random.ts'

export const nodeRandom: Random = {
  next: () => Math.random(),
  id: () => randomBytes(16).toString('hex'),
}
