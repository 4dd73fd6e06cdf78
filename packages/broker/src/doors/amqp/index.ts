export { type AmqpDoor, type AmqpDoorOptions, openAmqpDoor } from './door.ts'
export type { Gatekeeper } from './door-parts.ts'
