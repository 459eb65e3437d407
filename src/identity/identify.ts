import { IdentityTooLarge, UserMissing } from '../errors.ts'
import type { Provider, Sources } from '../provider.ts'
import type { Identity } from './identity.ts'

export interface IdentitySettings {
  /** The claim that becomes `user`: `--oauth-jwt-user`, or whatever else overrides the provider's own. */
  readonly userKey?: string | undefined
  /** Believe an address that the provider says it has not verified. */
  readonly allowUnverifiedEmail: boolean
  /** The name under which the session, the headers and the rules know the provider. */
  readonly providerName: string
}

const MOST_GROUPS = 8 * 1024 // bytes, joined by commas

/**
 * Who someone is, from what the provider said. A text with control characters or half characters counts as absent, as does an
 * empty one: no honest name has them, and what they do in a header or a log nobody wants to know.
 *
 * @throws {UserMissing} nothing names the person for good (subject), or the user key is empty
 * @throws {IdentityTooLarge} the groups exceed 8 KiB
 */
export function identify (provider: Pick<Provider, 'identity' | 'userKey'>, sources: Sources, settings: IdentitySettings): Identity {
  const said = provider.identity(sources)
  const subject = clean(said.subject)
  if (subject === undefined) throw new UserMissing('the provider sent no subject: neither sub nor id has a usable value')
  const email = clean(said.email ?? (settings.allowUnverifiedEmail ? sources.claims.text('email') : undefined))
  const named = settings.userKey === undefined && Object.hasOwn(said, 'user')
  const key = settings.userKey ?? provider.userKey
  const user = named ? clean(said.user) : key === 'email' ? email : clean(sources.claims.text(key))
  if (user === undefined) throw new UserMissing(missing(named ? 'that names the user' : key, sources))
  return {
    provider: settings.providerName, subject, user,
    ...present({ login: clean(said.login), email, name: clean(said.name) }),
    groups: checkSize((said.groups ?? []).filter(group => clean(group) !== undefined)),
    teams: [], organizations: [], claims: {}
  }
}

function clean (text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' || /[\p{Cc}\p{Cs}]/u.test(text) ? undefined : text
}

function present (fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined))
}

function missing (key: string, { claims }: Sources): string {
  const doubted = key === 'email' && claims.has('email') && claims.has('email_verified') && !claims.is('email_verified')
  if (doubted) return 'the provider says that email is not verified; --allow-unverified-email would believe it, --oauth-jwt-user takes another claim'
  return `the claim ${key} has no usable value; choose another with --oauth-jwt-user (the provider sent: ${claims.names().slice(0, 50).join(', ').slice(0, 1000)})`
}

function checkSize (groups: readonly string[]): readonly string[] {
  const size = Buffer.byteLength(groups.join(','))
  if (size > MOST_GROUPS) throw new IdentityTooLarge(`${groups.length} groups have ${size} bytes, ${MOST_GROUPS} are passed on; have the provider send fewer in the groups claim`)
  return groups
}
