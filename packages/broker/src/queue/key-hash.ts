/** Hash of an order key, 1 to 2^32-1 (0 means no key). Stored in the log: it may never change. */
export function keyHash(key: string): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193)
  }
  // FNV-1a alone changes its high bits little for short keys that differ at the end.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  hash = (hash ^ (hash >>> 16)) >>> 0
  return hash === 0 ? 1 : hash
}
