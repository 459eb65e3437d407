import { AccessDenied, GrantRefused, IdentityTooLarge, IdTokenInvalid, UserMissing } from './errors.ts'
import { saysEmail, SubjectMissing } from './identity/identify.ts'
import type { Identity } from './identity/identity.ts'
import type { SignIn } from './oauth/client.ts'
import type { Tokens } from './oauth/token.ts'
import { AnotherSubject } from './oauth/userinfo.ts'
import type { ActiveProvider, Providers } from './routes/providers.ts'
import type { RenewalsOptions } from './session/renewals.ts'
import type { GivenTokens, KeptTokens } from './session/session.ts'

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

/** Where an id_token came at sign-in and none comes now, userinfo alone speaks, which often says less: what it says nothing of stays, and nothing else. */
function fromUserInfo (provider: ActiveProvider, said: SignIn, before: Identity): Identity {
  const now = named(provider, said, before)
  if (now === undefined) return before
  const hasEmail = before.email === undefined || now.email !== undefined || saysEmail(said)
  const hasGroups = before.groups.length === 0 || provider.namesGroups(said)
  if (hasEmail && hasGroups) return now
  const { email, role, ...rest } = before
  const [address, rank] = [hasEmail ? now.email : email, hasGroups ? now.role : role] // a role is often made of groups
  return { ...rest, subject: now.subject, ...hasEmail && { user: now.user }, ...hasGroups && { groups: now.groups }, ...address !== undefined && { email: address }, ...rank !== undefined && { role: rank } }
}

/** Nobody where it does not say of whom it speaks. */
function named (provider: ActiveProvider, said: SignIn, before: Identity): Identity | undefined {
  try {
    return provider.identify(said, undefined, before)
  } catch (error) {
    if (error instanceof SubjectMissing) return undefined
    throw error
  }
}
