export { TextCache } from '../bytes/text.ts'
export { copyBytes } from '../bytes/writer.ts'
export { shortstr } from './arguments.ts'
export { PublishView, SettleView } from './basic-views.ts'
export type { ContentHeader } from './content-header.ts'
export { ContentHeadView, decodeHeader, HeaderView } from './content-header.ts'
export type { Entries, FieldValue, RawTable } from './field.ts'
export { EMPTY_TABLE, TABLE_DEPTH_MAX } from './field.ts'
export { FRAME_BODY, FRAME_HEADER, FRAME_HEARTBEAT, FRAME_METHOD } from './frame.ts'
export type { OnFrame } from './frame-reader.ts'
export { FrameReader } from './frame-reader.ts'
export type { Content } from './frame-writer.ts'
export { FrameWriter } from './frame-writer.ts'
export type { ContentMethod, Method, MethodName, MethodOf } from './methods.ts'
export { decodeMethod, encodeMethod, hasContent, methodIdAt, methodIdOf } from './methods.ts'
export type { Plain, PlainFields, PlainInput, PlainTable } from './plain.ts'
export { encodePlain, plainOf, plainValue, shortText, tagged } from './plain.ts'
export type { Properties } from './properties.ts'
export { flagOf, PropertiesView, readProperties } from './properties.ts'
export { withProperties, writeProperties } from './properties-write.ts'
export { PROTOCOL_HEADER, readProtocolHeader } from './protocol-header.ts'
export { checkTable, withFields } from './table-check.ts'
export { decodeTable } from './table-decode.ts'
export { encodeTable } from './table-encode.ts'
export type { WireErrorCode } from './wire-error.ts'
export { WireError } from './wire-error.ts'
export {
  propertiesAt,
  writeAck,
  writeDeliver,
  writeGetOk,
  writeNack,
  writeReturn,
} from './write-content.ts'
