import { Problem } from '../config-error.ts'
import { asItems, type Kind } from './kind.ts'
import { items } from './scalars.ts'

const make = 'Generate an encryption key with `oauth-gate oauth-secret` and ensure you did not truncate the returned string.'

/** Fernet keys separated by commas: 32 bytes each, as 44 characters of padded url-safe base64. The first seals, all open. */
export const fernetKeys: Kind<readonly string[], readonly string[] | string> = {
  shape: 'key,key',
  repeatable: true,
  parse: raw => {
    const keys = asItems(raw, /[\s,]+/)
    if (keys.length === 0) throw new Problem('is empty', make) // most often a file into which nothing was written
    return items(items(keys).map(readKey))
  }
}

// The two sentences are Panel's.
function readKey (key: string): string {
  const bytes = Buffer.from(key, 'base64url')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(key) || key.length % 4 !== 0) throw new Problem(': OAuth encryption key was not a valid base64 string.', make)
  if (bytes.length !== 32) throw new Problem(': OAuth encryption key must be 32 url-safe base64-encoded bytes.', make)
  return bytes.toString('base64url') + '='
}
