import { weaknesses } from './kinds/basic-auth.ts'
import type { Config, ProviderConfig } from './options.ts'

/** Bytes of a secret that nobody finds by trying. */
const LEAST = 32

/** @returns what might be guessed of it, in a sentence without capital and full stop */
export function weaknessOfCookieSecret (secret: string | undefined): readonly string[] {
  return secret !== undefined && Buffer.byteLength(secret) < LEAST ? [`the cookie secret is shorter than ${LEAST} bytes and might be guessed: make one with \`oauth-gate oauth-secret\``] : []
}

/** What might be guessed of the secrets that people or the gate are believed by. */
export function weakSecretsOf ({ cookieSecret, providers }: Pick<Config, 'cookieSecret'> & { readonly providers: readonly Pick<ProviderConfig, 'basicAuth'>[] }): readonly string[] {
  return [...weaknessOfCookieSecret(cookieSecret), ...new Set(providers.flatMap(({ basicAuth }) => basicAuth === undefined ? [] : weaknesses(basicAuth)))]
}
