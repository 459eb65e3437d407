import type { Outside } from '../outside.ts'

/** A fresh Fernet key, as `panel oauth-secret` prints it: 32 bytes in 44 characters of padded url-safe base64. */
export function oauthSecret (outside: Outside): string {
  return `${outside.random(32).toString('base64url')}=`
}
