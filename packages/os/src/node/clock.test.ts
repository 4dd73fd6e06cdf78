import { clockContract } from '../clock.contract.ts'
import { nodeClock } from './clock.ts'

clockContract('the system clock', () => ({ clock: nodeClock, run: (body) => body() }))
