import { belongTogether, openKey } from '../kinds/pem.ts'
import { flagOf } from '../names.ts'
import type { Draft } from './draft.ts'

export const storeChecks: readonly ((draft: Draft) => void)[] = [oneStore, storeTls]

/** Where sessions are in a store, sign-outs are there too: a second place could only say something else. */
function oneStore ({ config: { sessionStore = 'cookie', revocationStore }, fail }: Draft): void {
  if (revocationStore === undefined || sessionStore === 'cookie') return
  if (sessionStore === 'memory') fail('revocationStore', '--revocation-store is for sessions in cookies, and --session-store=memory keeps them in this process.', 'Leave it out; or give the Redis as --session-store, if sessions shall outlast the process.')
  else fail('revocationStore', '--revocation-store is for sessions in cookies, and --session-store keeps them, and who signed out, in a Redis.', 'Leave it out.')
}

function storeTls ({ config, missing, fail }: Draft): void {
  const { sessionStore, revocationStore, storeCert, storeKey } = config
  const given = (['storeCa', 'storeCert', 'storeKey'] as const).filter(option => config[option] !== undefined)
  const stores = [sessionStore, revocationStore].filter(store => typeof store === 'object')
  if (given.length > 0 && !stores.some(({ tls }) => tls)) {
    const several = given.length > 1
    return fail(given[0] as 'storeCa', `${given.map(option => `--${flagOf(option)}`).join(' and ')} ${several ? 'are' : 'is'} for a store by TLS, and there is none.`, `Write the store’s address with rediss://, or leave ${several ? 'them' : 'it'} out.`)
  }
  if (storeCert !== undefined && missing('storeKey')) fail('storeKey', '--store-cert is given without --store-key.', 'Add --store-key, or leave out both.')
  if (storeKey !== undefined && missing('storeCert')) fail('storeCert', '--store-key is given without --store-cert.', 'Add --store-cert, or leave out both.')
  if (storeKey === undefined) return
  const key = openKey(storeKey, undefined)
  if (key === null) fail('storeKey', '--store-key is encrypted.', 'Give a key without a passphrase.')
  else if (storeCert !== undefined && !belongTogether(storeCert, key)) fail('storeKey', '--store-key is not the key of the first certificate in --store-cert.', 'Give the two that were made together.')
}
