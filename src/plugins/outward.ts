import { connectionOf } from '../proxy/arrival.ts'
import type { Outward } from '../proxy/headers.ts'
import { withoutSessionParameters } from '../proxy/panel.ts'
import type { Asked } from './asked.ts'

/** What is the same for every request that goes out. */
export interface CommonOutward extends Pick<Outward, 'passHost' | 'isOurCookie' | 'owned'> {
  /** Where the app is one of Panel's or Bokeh's. */
  readonly panel?: {
    /** The cookie that a visitor brings of whom the app is told nothing, where it reads cookies of ours. */
    readonly guest: string | undefined
    /** In place of `owned`, for a GET. */
    readonly ownedOfGet: ReadonlySet<string>
  } | undefined
}

const NOBODY: readonly string[] = []

/** What the app is told beyond the client's own words, of a request that the guard let through. */
export function outwardOf ({ raw, session, arrival }: Asked, common: CommonOutward): Outward {
  const { panel, passHost, isOurCookie, owned } = common
  const told = { passHost, isOurCookie, owned, arrival, identity: session?.headers ?? NOBODY, connection: connectionOf(raw) }
  if (panel === undefined) return told
  return { ...told, cookies: session === null ? panel.guest : session.cookies?.(), ...raw.method === 'GET' && { owned: panel.ownedOfGet } }
}

/** The target as the app gets it. */
export function targetFor (target: string, { panel }: CommonOutward): string {
  return panel === undefined ? target : withoutSessionParameters(target)
}
