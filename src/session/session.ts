import type { Identity } from '../identity/identity.ts'

/** A sign-in that succeeded, as it travels in the cookie. Times in milliseconds since the epoch. */
export interface SealedSession {
  readonly id: string
  readonly identity: Identity
  readonly startedAt: number
  /** The absolute end: nothing lengthens it. */
  readonly expiresAt: number
}

/** Says for what a sealed text was made: checked before its content is looked at. */
export interface Envelope {
  readonly type: 'session' | 'login'
  /** The cookie it belongs into: a value moved to another name is void. */
  readonly cookie: string
  /** Gates that share a key but not a client do not share sessions. */
  readonly gate: string
}

const VERSION = 1

/** The plaintext of a seal: a line that says what it is, then the content as JSON. */
export function wrap ({ type, cookie, gate }: Envelope, content: object): string {
  return `${type} ${VERSION} ${cookie} ${gate}\n${JSON.stringify(content)}`
}

/** @returns null unless the text was wrapped in the very same envelope */
export function unwrap (envelope: Envelope, plain: Buffer): unknown {
  const text = plain.toString()
  const head = wrap(envelope, {}).slice(0, -2)
  return text.startsWith(head) ? JSON.parse(text.slice(head.length)) as unknown : null
}

/** Empty members stay out of the cookie: every byte of it travels with every request. */
export function compact (session: SealedSession): object {
  const { claims, groups, teams, organizations, ...rest } = session.identity
  return {
    ...session,
    identity: {
      ...rest,
      ...groups.length > 0 && { groups },
      ...teams.length > 0 && { teams },
      ...organizations.length > 0 && { organizations },
      ...Object.keys(claims).length > 0 && { claims }
    }
  }
}

/** The inverse of {@link compact}. Believed, because only a holder of the key can have sealed it. */
export function restore (content: unknown): SealedSession {
  const session = content as Omit<SealedSession, 'identity'> & { identity: Partial<Identity> }
  const empty = { groups: [], teams: [], organizations: [], claims: {} }
  return { ...session, identity: { ...empty, ...session.identity } as Identity }
}
