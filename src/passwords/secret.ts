import { clean } from '../identity/text.ts'

/** What a typed password is held against: the password itself, or a hash of it. `text` is as it was written. */
export type Secret = PlainSecret | BcryptSecret | Argon2Secret
export type HashedSecret = BcryptSecret | Argon2Secret

export interface PlainSecret { readonly kind: 'plain', readonly text: string }
export interface BcryptSecret { readonly kind: 'bcrypt', readonly text: string, readonly cost: number }
export interface Argon2Secret {
  readonly kind: 'argon2id'
  readonly text: string
  /** KiB */
  readonly memory: number
  readonly iterations: number
  readonly parallelism: number
  /** Base64 without padding. */
  readonly salt: string
  readonly hash: string
}

/** Why a text is no secret. Its words begin after “the password of ada”, and never hold the text. */
export class SecretFault extends Error {
  readonly fix: string

  constructor (message: string, fix: string) {
    super(message)
    this.name = 'SecretFault'
    this.fix = fix
  }
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const ARGON2 = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,128})$/
/** What begins so was meant for a hash: as a password it would let in whoever has read it. */
const HASH_LIKE = /^(?:\$(?:2[a-z]?|argon2[a-z]*|apr1|[1567y]|gy|md5|sha1|scrypt|pbkdf2[a-z0-9-]*|bcrypt[a-z0-9-]*)\$|\{[A-Z0-9-]{2,}\}|pbkdf2_sha\d+\$)/i

/** Above these one sign-in would take seconds, or more memory than a small machine has: half a minute of them would stop it. */
const MOST = { cost: 15, memory: 256 * 1024, work: 1024 * 1024, parallelism: 16 }
const LEAST_COST = 10
const LEAST_LENGTH = 8

export const MAKE_ONE = 'Make one with htpasswd -nB -C 12 NAME (bcrypt), or with argon2 SALT -id -e.'

const LONGEST_NAME = 256

/** As names are compared: a space that a keyboard has added is none of it. */
export function nameOf (text: string): string | undefined {
  const name = text.normalize('NFC').trim()
  return name.length > LONGEST_NAME ? undefined : clean(name)
}

export function isHashLike (text: string): boolean {
  return HASH_LIKE.test(text)
}

/** @throws {SecretFault} it is a hash of a kind that is not checked here, a broken one, or one that costs too much */
export function readSecret (text: string): Secret {
  if (!isHashLike(text)) return Object.freeze({ kind: 'plain', text })
  const cost = BCRYPT.exec(text)?.[1]
  if (cost !== undefined) return bcrypt(text, Number(cost))
  const [, memory, iterations, parallelism, salt, hash] = ARGON2.exec(text) ?? []
  if (salt !== undefined && hash !== undefined) return argon2(text, { memory: Number(memory), iterations: Number(iterations), parallelism: Number(parallelism), salt, hash })
  if (/^\$2[aby]\$|^\$argon2id\$/.test(text)) throw new SecretFault('looks like a hash, and is not a whole one', 'Copy all of it: a bcrypt hash has 60 characters. In a shell it stands in apostrophes, and in a compose file each $ is written twice.')
  throw new SecretFault('is a hash of a kind that is not checked here', `There are bcrypt ($2a$, $2b$, $2y$) and argon2id ($argon2id$v=19$…). ${MAKE_ONE}`)
}

/** What is easily guessed, in words that begin after “the password of ada”. */
export function weaknessOf (secret: Secret): string | undefined {
  if (secret.kind === 'plain') return [...secret.text].length < LEAST_LENGTH ? `is shorter than ${LEAST_LENGTH} characters and might be guessed` : undefined
  if (secret.kind === 'bcrypt' && secret.cost < LEAST_COST) return `is hashed with cost ${secret.cost}, so whoever reads the hash finds it soon: htpasswd -nB -C 12 makes one that takes longer`
  return undefined
}

function bcrypt (text: string, cost: number): BcryptSecret {
  if (cost < 4 || cost > MOST.cost) throw new SecretFault(`has the cost ${cost}, and ${cost < 4 ? 'bcrypt begins at 4' : 'each sign-in would take many seconds'}`, `Use 12, and ${MOST.cost} at most.`)
  return Object.freeze({ kind: 'bcrypt', text, cost })
}

function argon2 (text: string, parts: Omit<Argon2Secret, 'kind' | 'text'>): Argon2Secret {
  const { memory, iterations, parallelism } = parts
  const fits = parallelism >= 1 && parallelism <= MOST.parallelism && iterations >= 1 && memory >= 8 * parallelism && memory <= MOST.memory && memory * iterations <= MOST.work
  if (!fits) throw new SecretFault(`asks for m=${memory},t=${iterations},p=${parallelism}, which is no argon2id or more than one sign-in may cost`, `Use m=19456,t=2,p=1: m is ${MOST.memory} KiB at most, m times t ${MOST.work}, p ${MOST.parallelism}.`)
  return Object.freeze({ kind: 'argon2id', text, ...parts })
}
