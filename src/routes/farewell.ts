import type { FastifyRequest } from 'fastify'
import { GateError, ProviderRefused } from '../errors.ts'
import type { LogoutRequest } from '../oauth/sign-out.ts'
import type { KeptTokens } from '../session/session.ts'
import type { Session } from '../session/opened.ts'
import type { Sessions } from '../session/sessions.ts'
import type { WaysBack } from '../session/way-back.ts'
import type { ActiveProvider } from './providers.ts'

/** What becomes of a sign-out at the provider. */
export interface Farewell {
  /** Whether people are sent on without being asked. */
  readonly atOnce: boolean
  /** Who is back from there, by the `state` that went along. */
  readonly readState: WaysBack['read']
  /** The tokens of the session that is about to end, where anything is done with them: afterwards nobody opens it any more. */
  tokensOf (request: FastifyRequest): Promise<KeptTokens | undefined>
  /** Where to sign out of the provider too; undefined where it has no such place, does not say so in time, or nobody wants it. */
  url (provider: ActiveProvider, leaving: Leaving): Promise<string | undefined>
  /** The server that a form of ours which signs out leads on to, if any does. */
  leadsTo (provider: ActiveProvider | undefined): Promise<string | undefined>
  /** Has the provider take the tokens back, without anybody waiting. */
  revoke (provider: ActiveProvider, tokens: KeptTokens): void
}

export interface Leaving {
  readonly session: Session | null
  readonly tokens: KeptTokens | undefined
  readonly returnTo: string
}

export interface FarewellOptions {
  readonly mode: 'offer' | 'always' | 'never'
  readonly idTokenHint: boolean
  /** Registered at the provider; people stay there without it. */
  readonly returnUri: string | undefined
  readonly waysBack: WaysBack
  readonly sessions: Pick<Sessions, 'tokensOf'>
  /** Whether sessions have tokens at all. */
  readonly keepsTokens: boolean
  readonly log: { warn: (fields: object, sentence: string) => void }
}

/** Milliseconds in which a provider whose addresses are not known yet may say them: nobody waits longer to be signed out. */
const PATIENCE = 1_500
const RETRY = 2_000

export function createFarewell ({ mode, idTokenHint, returnUri, waysBack, sessions, keepsTokens, log }: FarewellOptions): Farewell {
  const find = async (provider: ActiveProvider, leaving?: Leaving): Promise<string | undefined> => {
    if (mode === 'never') return undefined
    const request = leaving && requestOf(provider, leaving)
    return await Promise.race([provider.client.logoutUrl(request), after(PATIENCE)]).catch(() => undefined) // the log has why: discovery says so itself
  }
  const requestOf = ({ id }: ActiveProvider, { session, tokens, returnTo }: Leaving): LogoutRequest => ({
    sid: session?.sid, idToken: idTokenHint ? tokens?.id : undefined, returnUri,
    state: returnUri === undefined ? undefined : waysBack.state({ provider: id, returnTo })
  })
  /** @param followed what became of a token that may have taken this one along: then nobody is told that it is not known any more */
  const tryToRevoke = async ({ id, client }: ActiveProvider, token: string, kind: 'access_token' | 'refresh_token', followed?: Promise<boolean>): Promise<boolean> => {
    try {
      await client.revoke(token, kind).catch(async () => {
        await after(RETRY)
        await client.revoke(token, kind)
      })
      return true
    } catch (error) {
      if (error instanceof ProviderRefused && await followed === true) return true
      log.warn({ event: 'token.not_revoked', provider: id, kind, ...error instanceof GateError && { code: error.code }, detail: error instanceof Error ? error.message : String(error) }, 'somebody signed out, and the provider did not take a token back: it is good until its own end')
      return false
    }
  }
  return {
    atOnce: mode === 'always',
    readState: waysBack.read,
    async tokensOf ({ jar, headers }) {
      const cookie = keepsTokens ? jar.readSession(headers.cookie) : null
      return cookie === null ? undefined : await sessions.tokensOf(jar, cookie).catch(() => undefined) // signing out matters more
    },
    url: find,
    async leadsTo (provider) {
      const url = mode === 'always' && provider !== undefined ? await find(provider) : undefined
      return url === undefined ? undefined : new URL(url).origin
    },
    revoke (provider, { refresh, access }) {
      const first = refresh === undefined ? undefined : tryToRevoke(provider, refresh, 'refresh_token')
      if (access !== undefined) void tryToRevoke(provider, access, 'access_token', first)
    }
  }
}

function after (milliseconds: number): Promise<undefined> {
  return new Promise(resolve => { setTimeout(() => resolve(undefined), milliseconds).unref() })
}
