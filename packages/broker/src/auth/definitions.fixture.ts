/** An export of RabbitMQ 4.0, shortened. */
export const EXPORT = {
  rabbit_version: '4.0.5',
  rabbitmq_version: '4.0.5',
  product_name: 'RabbitMQ',
  rabbitmq_definition_format: 'cluster',
  original_cluster_name: 'rabbit@host',
  users: [
    {
      name: 'shop',
      password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['monitoring'],
      limits: { 'max-connections': 10, 'max-channels': -1 },
    },
    { name: 'old', password_hash: '', tags: 'administrator,management', limits: [] },
    { name: 'plain', password: 'secret', tags: [] },
  ],
  vhosts: [
    {
      name: '/',
      description: 'Default virtual host',
      metadata: { description: 'Default virtual host', tags: [], default_queue_type: 'quorum' },
      tags: ['a'],
      default_queue_type: 'quorum',
    },
    { name: 'v' },
  ],
  permissions: [{ user: 'shop', vhost: '/', configure: '^shop', write: '.*', read: '' }],
  topic_permissions: [
    { user: 'shop', vhost: '/', exchange: 'amq.topic', write: '^{username}', read: '.*' },
  ],
  parameters: [
    {
      component: 'vhost-limits',
      name: 'limits',
      value: { 'max-connections': 100, 'max-queues': -1 },
      vhost: 'v',
    },
    {
      component: 'operator_policy',
      name: 'cap',
      value: { pattern: '', 'apply-to': 'queues', priority: 1, definition: { 'max-length': 9 } },
      vhost: '/',
    },
    { component: 'shovel', name: 's', value: {}, vhost: '/' },
  ],
  global_parameters: [{ name: 'internal_cluster_id', value: 'rabbitmq-cluster-id-1' }],
  policies: [
    {
      vhost: '/',
      name: 'ttl',
      pattern: '^(?!amq\\.)',
      'apply-to': 'classic_queues',
      definition: { 'message-ttl': 60_000 },
      priority: 3,
    },
  ],
  queues: [
    {
      name: 'orders',
      vhost: '/',
      durable: true,
      auto_delete: false,
      arguments: { 'x-queue-type': 'classic', 'x-max-priority': 5 },
    },
  ],
  exchanges: [
    {
      name: 'shop',
      vhost: '/',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    },
  ],
  bindings: [
    {
      source: 'shop',
      vhost: '/',
      destination: 'orders',
      destination_type: 'queue',
      routing_key: 'order.#',
      arguments: {},
    },
  ],
}

/** The same as it is read. */
export const READ = {
  users: [
    {
      name: 'shop',
      tags: ['monitoring'],
      password: { algorithm: 'sha256', hash: EXPORT.users[0]!.password_hash },
      connectionsMax: 10,
    },
    { name: 'old', tags: ['administrator', 'management'] },
    { name: 'plain', tags: [], plainPassword: 'secret' },
  ],
  vhosts: [
    {
      name: '/',
      description: 'Default virtual host',
      tags: ['a'],
      defaultQueueType: 'quorum',
    },
    { name: 'v', tags: [], connectionsMax: 100 },
  ],
  permissions: EXPORT.permissions,
  topicPermissions: EXPORT.topic_permissions,
  policies: [
    {
      vhost: '/',
      operator: false,
      name: 'ttl',
      pattern: '^(?!amq\\.)',
      applyTo: 'classic_queues',
      priority: 3,
      definition: { 'message-ttl': 60_000 },
    },
    {
      vhost: '/',
      operator: true,
      name: 'cap',
      pattern: '',
      applyTo: 'queues',
      priority: 1,
      definition: { 'max-length': 9 },
    },
  ],
  exchanges: [
    {
      vhost: '/',
      name: 'shop',
      type: 'topic',
      durable: true,
      autoDelete: false,
      internal: false,
      arguments: {},
    },
  ],
  queues: [
    {
      vhost: '/',
      name: 'orders',
      durable: true,
      autoDelete: false,
      arguments: { 'x-queue-type': 'classic', 'x-max-priority': 5 },
    },
  ],
  bindings: [
    {
      vhost: '/',
      source: 'shop',
      destination: { kind: 'queue', name: 'orders' },
      key: 'order.#',
      arguments: {},
    },
  ],
  ignored: ["parameters[2]: the component 'shovel' has no effect"],
}
