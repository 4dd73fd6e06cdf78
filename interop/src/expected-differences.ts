/** A line of a transcript that is another on Hufu, on purpose. */
export interface ExpectedDifference {
  /** `amqplib/topic`, or `topic` for all clients. */
  readonly program: string
  /** A part of the line that is seen on Hufu. */
  readonly hufu: string
  /** A part of the line that is seen on RabbitMQ in the same place. */
  readonly rabbitmq: string
  readonly why: string
}

const TOLD = 'a client is told what it did wrong; RabbitMQ drops the connection without a word'
const ONLY_END = ',[["end"]]]'

/** What stands here stands in docs/interop.md too. */
export const EXPECTED_DIFFERENCES: readonly ExpectedDifference[] = [
  {
    program: 'amqplib/connection-mistakes',
    hufu: '["exchange type",[406,',
    rabbitmq: '["exchange type",[503,',
    why: 'an unknown exchange type closes the channel with 406, as in RabbitMQ 4; 3 closes all',
  },
  {
    program: 'amqplib/server-properties',
    hufu: '["names",["capabilities","information","platform","product","version"]]',
    rabbitmq: '"cluster_name","copyright"',
    why: 'there is no cluster, and the copyright of RabbitMQ is not ours to show',
  },
  {
    program: 'raw/protocol-headers',
    hufu: '["AMQP 0-8",[["protocol header","00000901"],["end"]]]',
    rabbitmq: '"versionMajor":8',
    why: 'AMQP 0-8 of 2006 is not spoken',
  },
  {
    program: 'raw/login',
    hufu: '["unknown mechanism",[[0,"connection.close",{"replyCode":503',
    rabbitmq: ONLY_END,
    why: TOLD,
  },
  {
    program: 'raw/login',
    hufu: '["PLAIN with an identity",[[0,"connection.tune"',
    rabbitmq: ONLY_END,
    why: 'RFC 4616 lets a client say whom it acts as; it is not looked at',
  },
  {
    program: 'raw/tune',
    hufu: 'negotiated frame_max = 4096 is lower than the minimum allowed value (8192)',
    rabbitmq: '["smallest frames",[[0,"connection.open-ok",{}]]]',
    why: 'frames have at least 8,192 bytes, as in RabbitMQ 4',
  },
  { program: 'raw/tune', hufu: '"replyCode":530', rabbitmq: ONLY_END, why: TOLD },
  { program: 'raw/out-of-order', hufu: '"connection.close"', rabbitmq: ONLY_END, why: TOLD },
  { program: 'raw/bad-frames', hufu: '"replyCode":540', rabbitmq: ONLY_END, why: TOLD },
  { program: 'raw/bad-tables', hufu: '"replyCode":50', rabbitmq: ONLY_END, why: TOLD },
  {
    program: 'raw/bad-frames',
    hufu: '["larger than agreed",[[0,"connection.close",{"replyCode":501',
    rabbitmq: '["larger than agreed",[[0,"connection.close",{"replyCode":505',
    why: 'a frame of one byte too many is too large; RabbitMQ takes it',
  },
  {
    program: 'raw/bad-frames',
    hufu: '["half a method id",[[0,"connection.close",{"replyCode":501,"classId":60',
    rabbitmq: '["half a method id",[[0,"connection.close",{"replyCode":501,"classId":0',
    why: 'the class could be read, so it is said',
  },
  {
    program: 'raw/content-order',
    hufu: '["body too long",[[0,"connection.close",{"replyCode":501',
    rabbitmq: '["body too long",[]]',
    why: TOLD,
  },
  {
    program: 'raw/content-order',
    hufu: '["header cut short",[[0,"connection.close",{"replyCode":501,"classId":60',
    rabbitmq: '["header cut short",[[0,"connection.close",{"replyCode":501,"classId":0',
    why: 'the class could be read, so it is said',
  },
  {
    program: 'raw/content-order',
    hufu: '["properties cut short",[[0,"connection.close",{"replyCode":501',
    rabbitmq: '["properties cut short",[[0,"connection.close",{"replyCode":541',
    why: 'it is the mistake of the client, not an internal error',
  },
  {
    program: 'raw/closed-channels',
    hufu: '["number above the agreed",[[0,"connection.close",{"replyCode":530',
    rabbitmq: '["number above the agreed",[[2048,"channel.open-ok"',
    why: 'a channel has a number up to the agreed one; RabbitMQ only counts them',
  },
  {
    program: 'raw/closed-channels',
    hufu: '["close-ok on a channel never open",[]]',
    rabbitmq: '["close-ok on a channel never open",[[0,"connection.close",{"replyCode":504',
    why: 'a late close-ok harms nobody',
  },
]
