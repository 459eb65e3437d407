import type { FastifyRequest } from 'fastify'
import type { Outward } from '../proxy/headers.ts'
import { withoutSessionParameters } from '../proxy/panel.ts'

/** What is the same for every request that goes out. */
export interface CommonOutward extends Pick<Outward, 'passHost' | 'isOurCookie' | 'owned'> {
  /** Where the app is made with Bokeh, to which no client may say which session is its own: in place of `owned`, for a GET. */
  readonly ownedOfGet?: ReadonlySet<string>
  /** Where the app is one of Panel's, and reads cookies of ours: what a visitor brings of whom it is told nothing. */
  readonly guest?: string
}

const NOBODY: readonly string[] = []

/** What the app is told beyond the client's own words, of a request that the guard let through. */
export function outwardOf ({ raw, session, arrival }: FastifyRequest, common: CommonOutward): Outward {
  const { ownedOfGet, guest, ...outward } = common
  const told = { ...outward, arrival, identity: session?.headers ?? NOBODY }
  if (ownedOfGet === undefined) return told
  return { ...told, cookies: session === null ? guest : session.cookies?.(), ...raw.method === 'GET' && { owned: ownedOfGet } }
}

/** The target as the app gets it. */
export function targetFor (target: string, { ownedOfGet }: CommonOutward): string {
  return ownedOfGet === undefined ? target : withoutSessionParameters(target)
}
