/** The run cannot go on: a process died by itself, hangs, or the input broke off. */
export class RunFailedError extends Error {}
