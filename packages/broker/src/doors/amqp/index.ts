export { type AmqpDoor, type AmqpDoorOptions, openAmqpDoor } from './door.ts'
