import type { Logger } from 'pino'
import { AccessDenied, GateError, GrantRefused, IdentityTooLarge, IdTokenInvalid, UserMissing } from './errors.ts'
import type { Identity } from './identity/identity.ts'
import type { SignIn } from './oauth/client.ts'
import type { Tokens } from './oauth/token.ts'
import { AnotherSubject } from './oauth/userinfo.ts'
import type { ActiveProvider, Providers } from './routes/login-flow.ts'
import type { Cause } from './session/endings.ts'
import type { RenewalsOptions, Told } from './session/renewals.ts'
import type { GivenTokens, KeptTokens } from './session/session.ts'

type Log = Pick<Logger, 'info' | 'warn' | 'error'>

/** What at a sign-in would have refused it: whose session it is has to sign in again, and is told why. Anything else is ours to mend, or the provider's. */
const FINAL = [IdTokenInvalid, AnotherSubject, UserMissing, IdentityTooLarge, AccessDenied]

export interface AskerOptions {
  readonly providers: Providers
  readonly keepTokens: (tokens: GivenTokens) => KeptTokens | undefined
}

/** Renews the tokens of one session at its provider, and asks anew who its person is (RFC 6749 §6, OpenID Connect Core §12). */
export function createAsker ({ providers, keepTokens }: AskerOptions): RenewalsOptions['ask'] {
  return async ({ identity }, old) => {
    const provider = providers.find(identity.provider)
    if (provider === undefined || old.refresh === undefined) return { ended: new GrantRefused('nobody is there to renew these tokens') }
    let fresh: Tokens
    try {
      fresh = await provider.client.refresh(old.refresh)
    } catch (error) {
      if (error instanceof GrantRefused) return { ended: error }
      throw error
    }
    // From here on the old refresh token may be spent: whatever fails, the new one is kept. Not so an id_token that nobody could look at.
    const kept = (verified: Partial<Tokens> = {}) => keepTokens(together(old, fresh, verified)) ?? {}
    try {
      const said = await provider.client.readAgain(fresh, old.idTokenMark)
      return said === undefined ? { identity, tokens: kept() } : { identity: await whoNow(provider, said, identity, old.idTokenMark !== undefined), tokens: kept(said.tokens) }
    } catch (failure) {
      return FINAL.some(kind => failure instanceof kind) ? { ended: failure as Error } : { identity, tokens: kept(), failure }
    }
  }
}

/** What did not come anew stays; the mark is that of the first id_token (OpenID Connect Core §12.2). */
function together (old: KeptTokens, { accessToken, expiresAt, refreshToken = old.refresh }: Tokens, { idToken = old.id, idTokenExpiresAt, idTokenMark, endsAt }: Partial<Tokens>): GivenTokens {
  const first = old.idTokenMark ?? idTokenMark
  return {
    accessToken,
    ...expiresAt !== undefined && { expiresAt }, ...refreshToken !== undefined && { refreshToken }, ...idToken !== undefined && { idToken },
    ...endsAt !== undefined && { endsAt }, ...idTokenExpiresAt !== undefined && { idTokenExpiresAt }, ...first !== undefined && { idTokenMark: first }
  }
}

/** @throws {IdTokenInvalid} somebody else, and what `identify` throws */
async function whoNow (provider: ActiveProvider, said: SignIn, before: Identity, hadIdToken: boolean): Promise<Identity> {
  const whole = await provider.learn(said)
  const alone = hadIdToken && said.tokens.idToken === undefined
  const now = alone ? fromUserInfo(provider, whole, before) : provider.identify(whole)
  if (now.subject !== before.subject || now.provider !== before.provider) throw new IdTokenInvalid('the provider now speaks of another subject than at the sign-in')
  return now
}

/** Where an id_token came at sign-in and none comes now, userinfo alone speaks, which often says less: it counts where it is as full. */
function fromUserInfo (provider: ActiveProvider, said: SignIn, before: Identity): Identity {
  try {
    const now = provider.identify(said)
    const saysGroups = before.groups.length === 0 || provider.namesGroups(said)
    return saysGroups && (before.email === undefined || now.email !== undefined) ? now : { ...before, subject: now.subject }
  } catch (error) {
    if (error instanceof UserMissing) return before
    throw error
  }
}

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
