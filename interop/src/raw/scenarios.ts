import type { Scenarios } from '../scenario.ts'
import { CONFIRMS } from './confirms.ts'
import { FRAMES } from './frames.ts'
import { HANDSHAKE } from './handshake.ts'
import { METHODS } from './methods-of-channel.ts'
import { DELIVERIES } from './policies-deliveries.ts'
import { REFUSALS } from './policies-refusals.ts'

/** Frames made by hand, as no client sends them. */
export const RAW: Scenarios = {
  ...{ ...HANDSHAKE, ...FRAMES, ...METHODS, ...CONFIRMS },
  ...{ ...DELIVERIES, ...REFUSALS },
}
