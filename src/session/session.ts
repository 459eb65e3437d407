import type { Identity } from '../identity/identity.ts'

/** A sign-in that succeeded, as it travels in the cookie. Times in milliseconds since the epoch. */
export interface SealedSession {
  readonly id: string
  readonly identity: Identity
  readonly startedAt: number
  /** The absolute end: nothing lengthens it. */
  readonly expiresAt: number
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
