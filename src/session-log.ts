import type { Logger } from 'pino'
import { GateError } from './errors.ts'
import type { Identity } from './identity/identity.ts'
import type { Cause } from './session/endings.ts'
import type { Told } from './session/renewals.ts'
import type { GivenTokens } from './session/session.ts'

type Log = Pick<Logger, 'info' | 'warn' | 'error'>

/** One line for each thing that became of a session. No token, and no word of the provider's that could hold one. */
export function tellOfRenewals (log: Log): Told {
  const of = ({ identity: { provider, user } }: { identity: Identity }) => ({ provider, user })
  const about = (error: unknown) => ({ ...error instanceof GateError && { code: error.code }, detail: error instanceof Error ? error.message : String(error) })
  return {
    renewed: session => log.info({ event: 'session.refreshed', ...of(session), version: session.version, ...session.refusal !== null && { refusal: session.refusal.detail } }, 'the provider’s tokens were renewed'),
    failed: (session, error, again) => log.error({ event: 'session.refresh_failed', ...of(session), ...about(error), ...error instanceof GateError && { hint: error.kind.hint }, again_in_s: Math.round(again / 1000) }, 'the provider’s tokens could not be renewed; the session goes on, and it is tried again'),
    ended (session, cause, error) {
      if (cause === 'replayed') return log.warn({ event: 'session.ended', cause: 'replay', ...of(session) }, 'a session’s old cookie came long after its browser had a newer one: a copy, or a cookie jar put back; the session ends')
      if (cause === 'lost') return log.error({ event: 'session.ended', cause: 'renewal-lost', ...of(session) }, 'the store has lost what a session was renewed with before its browser had it, so that it cannot be renewed any more: the session ends; does the store put out what it is to keep (maxmemory-policy)?')
      log.info({ event: 'session.ended', cause: 'refresh-refused', ...of(session), ...about(error) }, 'the provider does not renew this sign-in')
    }
  }
}

/** One line for each session that has ended by itself, and for what was open and had to close. Whoever ends one says so where they do it. */
export function tellOfEnds (log: Log) {
  return {
    ended: ({ identity: { provider, user } }: { identity: Identity }, cause: Cause) => log.info({ event: 'session.ended', cause, provider, user }, 'a session has ended'),
    closed (session: { identity: Identity } | null, cause: string, { websockets, streams }: { readonly websockets: number, readonly streams: number }) {
      const { provider, user } = session?.identity ?? {}
      log.info({ event: 'connections.closed', cause, provider, user, websockets, streams }, 'what was open was closed with its session')
    }
  }
}

/** Says once for each provider that its sign-ins cannot be renewed, by what came at the first. */
export function tellOfAbsence (log: Log): (provider: string, tokens: GivenTokens | undefined) => void {
  const said = new Set<string>()
  return (provider, tokens) => {
    const lacks = tokens === undefined ? 'tokens' : tokens.refreshToken === undefined ? 'refresh token' : tokens.expiresAt === undefined ? 'word on when the access token ends' : undefined
    if (lacks === undefined || said.has(provider)) return
    said.add(provider)
    log.warn({ event: 'session.not_refreshable', provider, detail: `no ${lacks} came with a sign-in`, hint: 'Many servers want the scope offline_access (--oauth-scope), some also prompt=consent (--oauth-extra-params), and the grant refresh_token switched on for this client.' }, 'sessions by this provider are not refreshed: they last until --oauth-expiry-days')
  }
}
