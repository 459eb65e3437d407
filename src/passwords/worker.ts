import { argon2id, bcryptVerify } from 'hash-wasm'
import { timingSafeEqual } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { Argon2Secret, BcryptSecret, HashedSecret } from './secret.ts'

/** What the thread is asked: one at a time. */
export interface Question {
  readonly secret: HashedSecret
  readonly password: string
}

/** bcrypt sees no more, and nothing behind a NUL: what is longer would match every password that begins the same. */
const BCRYPT_BYTES = 72

parentPort?.on('message', ({ secret, password }: Question) => {
  void (secret.kind === 'bcrypt' ? isBcrypt(secret, password) : isArgon2(secret, password)).then(right => parentPort?.postMessage(right))
})

/** What cannot be right takes as long as what might be. */
async function isBcrypt ({ text }: BcryptSecret, password: string): Promise<boolean> {
  const length = Buffer.byteLength(password)
  const possible = length > 0 && length <= BCRYPT_BYTES && !password.includes('\0')
  const right = await bcryptVerify({ password: possible ? password : 'x', hash: text }) // it compares digests, of which nobody can choose a byte
  return possible && right
}

async function isArgon2 ({ memory, iterations, parallelism, salt, hash }: Argon2Secret, password: string): Promise<boolean> {
  const wanted = Buffer.from(hash, 'base64')
  const possible = password !== ''
  const digest = await argon2id({ password: possible ? password : 'x', salt: Buffer.from(salt, 'base64'), parallelism, iterations, memorySize: memory, hashLength: wanted.length, outputType: 'binary' })
  return timingSafeEqual(digest, wanted) && possible
}
