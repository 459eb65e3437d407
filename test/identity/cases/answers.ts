import { BASIC, EMAILS, ORGS, Pages, TEAMS, TEAMS_URL, type IdentityCase, type Json } from './case.ts'
import type { Settings } from '../../../src/config/options.ts'

export interface CaseAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The settings of a case, of a provider that is at `origin`. */
export function settingsOf ({ settings = {} }: IdentityCase, origin: string): Settings {
  return JSON.parse(JSON.stringify({ ...BASIC, ...settings }).replaceAll('{origin}', origin)) as Settings
}

/** The three sources as they go over the wire: only JSON is left, with everything that is in every token. */
export function sourcesOf ({ idToken, userinfo, accessToken }: IdentityCase): { readonly idToken: Json | undefined, readonly userinfo: Json, readonly accessToken: Json | undefined } {
  const sub = idToken !== undefined && 'sub' in idToken ? idToken['sub'] : 's-1'
  const wired = (claims: Json) => JSON.parse(JSON.stringify(claims)) as Json
  return {
    idToken: idToken && wired({ sub, ...idToken }),
    userinfo: wired({ sub, ...userinfo }),
    accessToken: accessToken && wired({ sub, ...accessToken })
  }
}

/** What the provider of a case answers at a path; the pages of a list are `path/1`, `path/2`. */
export function answerAt (path: string, played: IdentityCase, origin: string): CaseAnswer {
  if (path === '/api/user') return json(sourcesOf(played).userinfo)
  const [, list = '', page = '0'] = /^(.*?)(?:\/(\d+))?$/.exec(path) ?? []
  const body = { [EMAILS]: played.emails, [TEAMS]: played.teams, [TEAMS_URL]: played.teams, [ORGS]: played.orgs }[list] ?? 404
  if (typeof body === 'number') return json({ error: 'not for you' }, body)
  if (!(body instanceof Pages)) return page === '0' ? json(body) : json({}, 404)
  const number = Number(page)
  const next = number + 1 < body.bodies.length ? `${body.by === 'stranger' ? 'https://stranger.example' : origin}${list}/${number + 1}` : undefined
  const here = body.bodies[number]
  if (next === undefined) return json(here)
  return body.by === 'next' ? json({ ...here as Json, next }) : json(here, 200, { link: `<${origin}${list}>; rel="first", <${next}>; rel="next"` })
}

/** The same case with the members of every object in another order. */
export function reordered (played: IdentityCase, order: (names: readonly string[]) => readonly string[]): IdentityCase {
  const turn = (value: unknown): unknown => {
    if (value instanceof Pages) return new Pages(value.by, ...value.bodies.map(turn))
    if (Array.isArray(value)) return value.map(turn)
    if (typeof value !== 'object' || value === null) return value
    const members = new Map(Object.entries(value))
    return Object.fromEntries(order([...members.keys()]).map(name => [name, turn(members.get(name))]))
  }
  const { idToken, userinfo, accessToken, emails, teams, orgs } = played
  const said = Object.entries({ idToken, userinfo, accessToken, emails, teams, orgs }).filter(([, json]) => json !== undefined)
  return { ...played, ...Object.fromEntries(said.map(([name, json]) => [name, turn(json)])) }
}

function json (body: unknown, status = 200, headers: Record<string, string> = {}): CaseAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}
