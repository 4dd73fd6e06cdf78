import { createHash, scrypt, timingSafeEqual } from 'node:crypto'
import { AuthError } from './errors.ts'

/**
 * A password as it is stored. `scrypt` is Hufu's own: `ln=<log2 of the cost>,r=…,p=…$salt$key`;
 * `sha256` and `sha512` are RabbitMQ's: 4 bytes of salt and the digest of salt and password, all
 * in base64.
 */
export interface PasswordHash {
  readonly algorithm: 'scrypt' | 'sha256' | 'sha512'
  readonly hash: string
}

/** What a hash costs: 128 · 2^ln · r bytes of memory, p times over. */
export interface ScryptCost {
  readonly ln: number
  readonly r: number
  readonly p: number
}

const KEY_BYTES = 32
const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const
const SALT_BYTES = 4

interface Scrypt extends ScryptCost {
  readonly salt: string
  readonly key: string
}

/**
 * Checks the form, not a password.
 * @throws AuthError `argument`
 */
export function checkHash(stored: PasswordHash): void {
  if (stored.algorithm === 'scrypt') {
    readScrypt(stored.hash)
    return
  }
  const bytes = SALT_BYTES + DIGEST_BYTES[stored.algorithm]
  if (Buffer.from(stored.hash, 'base64').length !== bytes) {
    const text = `Reading a password hash: it is not ${bytes} bytes in base64`
    throw new AuthError('argument', `${text}, as ${stored.algorithm} has`)
  }
}

/** `salt`: any text that is used once. */
export async function hashPassword(
  password: string,
  salt: string,
  cost: ScryptCost,
): Promise<PasswordHash> {
  const key = await derive(password, salt, cost)
  const { ln, r, p } = cost
  return { algorithm: 'scrypt', hash: `ln=${ln},r=${r},p=${p}$${salt}$${key.toString('base64')}` }
}

/** Whether it is the password. */
export async function isPassword(password: string, stored: PasswordHash): Promise<boolean> {
  if (stored.algorithm === 'scrypt') {
    const { salt, key, ...cost } = readScrypt(stored.hash)
    return timingSafeEqual(await derive(password, salt, cost), Buffer.from(key, 'base64'))
  }
  const bytes = Buffer.from(stored.hash, 'base64')
  const digest = createHash(stored.algorithm)
    .update(bytes.subarray(0, SALT_BYTES))
    .update(password, 'utf8')
    .digest()
  return timingSafeEqual(digest, bytes.subarray(SALT_BYTES))
}

/** Whether the hash is of another kind, or cheaper to guess, than new ones are. */
export function isOutdated(stored: PasswordHash, cost: ScryptCost): boolean {
  if (stored.algorithm !== 'scrypt') return true
  const { ln, r, p } = readScrypt(stored.hash)
  return ln < cost.ln || r < cost.r || p < cost.p
}

/** On the threads of libuv. */
function derive(password: string, salt: string, { ln, r, p }: ScryptCost): Promise<Buffer> {
  const options = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r }
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

function readScrypt(hash: string): Scrypt {
  const [all, ln, r, p, salt, key] =
    /^ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/=-]+)\$([\w+/]{43}=)$/.exec(hash) ?? []
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  if (all === undefined || cost.ln < 1 || cost.ln > 20 || cost.r < 1 || cost.p < 1) {
    throw new AuthError('argument', 'Reading a password hash: it is no scrypt hash of Hufu')
  }
  return { ...cost, salt: salt!, key: key! }
}
