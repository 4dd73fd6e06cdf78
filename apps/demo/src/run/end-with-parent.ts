// Loaded before a program that was started with an IPC channel: it ends when its parent has ended.
process.on('disconnect', () => process.exit(1))
// The channel alone must not keep it running.
process.channel?.unref()
