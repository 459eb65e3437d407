import type { Settings } from '../../src/config/options.ts'
import { everyone, type Who } from './decisions.ts'
import { readBySeveral } from './oracles.ts'

/** A gate's rules, as somebody would read them who knows nothing of spellings. */
export interface Plain {
  readonly rules: readonly PlainRule[]
  readonly guests: readonly string[]
  readonly skips: readonly PlainSkip[]
  readonly optional: boolean
  /** From the path to the path of the app's own address. */
  readonly upstreams: ReadonlyMap<string, string>
}

export interface PlainRule {
  readonly path: string
  readonly methods?: readonly string[]
  readonly host?: readonly string[]
  readonly allow: keyof typeof allows
}

export interface PlainSkip {
  readonly method?: string
  readonly negated: boolean
  readonly expression: string
}

export interface Asked {
  /** What some server takes the path for, a character a byte, without a query. */
  readonly path: string
  readonly method: string
  readonly host: string
  readonly who: Who
}

type Allow = Exclude<NonNullable<Settings['rules']>, string>[number]['allow']

/** Every kind of condition there is, and whom of the demo's people it is for. */
export const allows = {
  public: { allow: 'public', people: everyone },
  optional: { allow: 'optional', people: everyone },
  'signed-in': { allow: 'signed-in', people: ['dev', 'cleo', 'ben', 'ada'] },
  groups: { allow: { groups: ['admins'] }, people: ['ada'] },
  roles: { allow: { roles: ['Editor'] }, people: ['ben'] },
  emails: { allow: { emails: ['Cleo@example.com'] }, people: ['cleo'] },
  provider: { allow: { provider: 'oidc' }, people: ['dev', 'cleo', 'ben', 'ada'] },
  condition: { allow: { condition: 'contains(groups, \'editors\')' }, people: ['ben'] },
  several: { allow: { groups: ['staff'], roles: ['Viewer'] }, people: ['cleo'] }
} as const satisfies Readonly<Record<string, { readonly allow: Allow, readonly people: readonly Who[] }>>

/** Its settings, but for what every gate needs. @param addresses of the apps, in the order of `upstreams` */
export function settingsOf ({ rules, guests, skips, optional, upstreams }: Plain, addresses: readonly string[]): Settings & { readonly rules?: Exclude<Settings['rules'], string> } {
  return {
    upstream: [...upstreams].map(([path, base], index) => `${path}=${addresses[index] ?? ''}${base}`),
    ...rules.length > 0 && { rules: rules.map(rule => ({ ...rule, allow: allows[rule.allow].allow })) },
    ...guests.length > 0 && { oauthGuestEndpoints: [...guests] },
    ...skips.length > 0 && { skipAuthRoute: skips.map(({ method = '', negated, expression }) => `${method}${negated ? '!=' : method === '' ? '' : '='}${expression}`) },
    ...optional && { oauthOptional: true }
  }
}

/** Whether the first entry that is for such a request is for this person. */
export function admitsPlainly ({ rules, guests, skips, optional }: Plain, { path, method, host, who }: Asked): boolean {
  const isFor = (methods: readonly string[] | undefined) => methods === undefined || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'))
  const opened = skips.some(skip => isFor(skip.method === undefined ? undefined : [skip.method]) && isSkipped(skip, path)) || guests.some(guest => isGuest(guest, path))
  if (opened) return true
  const rule = rules.find(rule => isFor(rule.methods) && (rule.host === undefined || rule.host.some(pattern => isHost(pattern, host))) && isWithin(rule.path, path))
  if (rule !== undefined) return (allows[rule.allow].people as readonly Who[]).includes(who)
  return optional || (rules.length === 0 && who !== 'stranger')
}

/** By index; -1 where none is for the path. */
export function upstreamPlainly ({ upstreams }: Plain, path: string): number {
  const paths = [...upstreams.keys()]
  const longest = paths.filter(prefix => isWithin(prefix, path)).sort((one, other) => other.length - one.length)[0]
  return longest === undefined ? -1 : paths.indexOf(longest)
}

/**
 * What is wrong with sending this request to an app: servers that read it in one way only, two of them in a row, make of it
 * what is not for this person, what is another app's, or what lies above the path of the app's address.
 */
export function faultOf (gate: Plain, { target, ...asked }: Omit<Asked, 'path'> & { readonly target: string }, upstream: number): { readonly fault: string | null, readonly compared: number } {
  const base = [...gate.upstreams.values()][upstream] ?? ''
  if (upstream < 0) return { fault: `${target} is sent nowhere`, compared: 0 }
  const isOneForAll = gate.rules.length === 0 && gate.guests.length === 0 && gate.skips.length === 0 && gate.upstreams.size === 1 && gate.upstreams.has('/')
  const told = (reading: string, by: string, what: string) => `${asked.method} ${JSON.stringify(target)} at ${asked.host} by ${asked.who} is read as ${JSON.stringify(reading)} by${by}, which ${what}`
  const read = isOneForAll ? new Map<string, string>() : readBySeveral(target, 2)
  for (const [reading, by] of read) {
    const path = reading.split('?', 1).join()
    if (upstreamPlainly(gate, path) !== upstream) return { fault: told(reading, by, 'is of another app'), compared: read.size }
    const refused = alikes(path).find(alike => !admitsPlainly(gate, { ...asked, path: alike }))
    if (refused !== undefined) return { fault: told(reading, by, `is not for ${asked.who}, seen as ${refused}`), compared: read.size }
  }
  for (const [reading, by] of base === '' ? [] : readBySeveral(base + target, 1)) {
    if (!new RegExp(`^/+${base.slice(1)}(?:$|[^a-z])`, 'i').test(reading)) return { fault: told(reading, by, `lies above ${base}`), compared: read.size }
  }
  return { fault: null, compared: read.size }
}

/** Of another letter case, in another format, with + for a space, behind a script that serves what follows it. */
function alikes (path: string): readonly string[] {
  const lower = path.replace(/[A-Z]/g, letter => letter.toLowerCase())
  return [path, lower, path.replace(/\.[^./]*(?=\/|$)/, ''), path.replaceAll('+', ' '), lower.replace(/\/[^/]+\.(?:php|cgi|wsgi|aspx)(?=\/)/, '')]
}

function isSkipped ({ negated, expression }: PlainSkip, path: string): boolean {
  return negated ? !new RegExp(expression, 'is').test(path) : new RegExp(`^(?:${expression})$`).test(path)
}

function isGuest (guest: string, path: string): boolean {
  if (guest.endsWith('/*')) return isWithin(guest.slice(0, -2), path)
  const page = guest === '/' ? '' : guest
  return [guest, `${page}/ws`, `${page}/metadata`, `${page}/autoload.js`].some(open => written(open).includes(path))
}

function isHost (pattern: string, host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '')
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern
}

function isWithin (prefix: string, path: string): boolean {
  return prefix === '/' || prefix === '' || written(prefix).some(form => path === form || path.startsWith(`${form}/`))
}

const forms = new Map<string, readonly string[]>()

/** As servers have it that decode, or do not, or take bytes for characters, which they do in turn. */
function written (path: string): readonly string[] {
  const known = forms.get(path)
  if (known !== undefined) return known
  const [bytes, once, twice] = [garbled(path), garbled(garbled(path)), garbled(garbled(garbled(path)))]
  const encoded = [path, bytes, once].map(encodeURI)
  const made = [...new Set([bytes, once, twice, ...encoded, ...encoded.map(text => text.replace(/%../g, octet => octet.toLowerCase()))])]
  forms.set(path, made)
  return made
}

function garbled (text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
