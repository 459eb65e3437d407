import { setTimeout as wait } from 'node:timers/promises'
import type { Identity } from '../../src/identity/identity.ts'
import { createCookieJar, type SetCookie } from '../../src/session/cookies.ts'

export const MINUTE = 60_000
export const IDLE = 30 * MINUTE
export const LIFETIME = 24 * 60 * MINUTE

export const jar = createCookieJar({ port: 1, path: '/', sameSite: 'lax' }, true)
export const ada: Identity = { provider: 'oidc', subject: '1', user: 'ada@example.com', groups: [], teams: [], organizations: [], claims: {} }

/** The header by which a browser brings what it was given. */
export function header (cookies: readonly SetCookie[]): string {
  return cookies.filter(({ options }) => options.maxAge > 0).map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** What nobody waits for has happened. */
export async function settled (): Promise<void> {
  await wait(5)
}
