import type { PlantedBug } from './bug.ts'

/** What coordinators, kinds and the barrier can get wrong. */
export const GLOBAL_BUGS: readonly PlantedBug[] = []
