import { hash } from 'node:crypto'
import { readToken, tokensIn, type PageToken } from '../proxy/bokeh-token.ts'
import { pairs } from '../proxy/app-headers.ts'
import { withoutOurs } from '../proxy/cookies.ts'
import { identityNames } from '../proxy/headers.ts'
import { normalName } from '../proxy/names.ts'
import { createPageOwners, type PageOwners } from '../session/page-owners.ts'
import { isSignedCookie, type PanelCookies, type SignedCookie } from '../session/panel-cookies.ts'
import type { Session } from '../session/opened.ts'

/** Whether the token that a page of a Bokeh app brings with its websocket is of a page of this very person: the app believes what stands in it. */
export interface PageTokens {
  /**
   * @param path as it came, without its query
   * @param protocols `Sec-WebSocket-Protocol`
   * @returns why not, for the log; undefined where the upgrade may pass, with or without a token
   */
  whyNot (path: string, protocols: string | undefined, session: Session | null): string | undefined
  /** What the app is told in this session, as marks: pages from before the tokens were renewed still say it. */
  marks (session: Session): readonly string[]
}

export interface PageTokensOptions {
  /** Names of headers that settings have the gate send, as `normalName` writes them. */
  readonly owned: ReadonlySet<string>
  /** The path that the app is below. */
  readonly prefix: string
  /** Reads the cookies that we sign; absent where none of these names is ours. */
  readonly open?: PanelCookies['open'] | undefined
  /** Those of earlier configurations, where there were any. */
  readonly owners?: PageOwners
}

/** One thing that a page or a session says of somebody. */
interface Said { readonly what: string, readonly value: string }

type SaidCookie = Said & { readonly what: SignedCookie, readonly at: number }

/** Milliseconds by which the clocks of several gates may differ. */
const SKEW = 60_000

export function createPageTokens ({ owned, prefix, open, owners = createPageOwners() }: PageTokensOptions): PageTokens {
  const names: ReadonlySet<string> = new Set([...identityNames, ...owned])

  function cookiesOf (text: string): { readonly said: readonly SaidCookie[], readonly odd?: string } {
    const said: SaidCookie[] = []
    if (open === undefined) return { said }
    for (const pair of text.split(';')) {
      const equals = pair.indexOf('=')
      const what = pair.slice(0, Math.max(0, equals)).trim()
      if (!isSignedCookie(what)) {
        if (withoutOurs(pair, isSignedCookie) !== pair) return { said, odd: 'it has a cookie that some would read as one of ours' }
        continue
      }
      const opened = open(what, pair.slice(equals + 1).trim())
      if (opened === null) return { said, odd: `its cookie ${what} was not signed here` }
      said.push({ what, ...opened })
    }
    return { said }
  }

  function headersOf ({ headers }: PageToken): readonly Said[] {
    return Object.entries(headers).map(([name, value]) => ({ what: normalName(name), value: typeof value === 'string' ? value : '' })).filter(({ what }) => names.has(what))
  }

  function toldIn ({ headers, cookies }: Session): { readonly headers: readonly Said[], readonly cookies: readonly SaidCookie[] } {
    const said = new Map<string, string>()
    for (const [name, value] of pairs(headers)) said.set(normalName(name), [...said.has(normalName(name)) ? [said.get(normalName(name))] : [], value].join(','))
    return { headers: [...said].map(([what, value]) => ({ what, value })), cookies: cookiesOf(cookies?.() ?? '').said }
  }

  function whyForeign (token: PageToken, session: Session | null): string | undefined {
    const texts = [Object.entries(token.cookies).map(pair => pair.join('=')).join('; '), ...Object.entries(token.headers).filter(([name]) => normalName(name) === 'cookie').map(([, value]) => String(value))]
    const found = texts.map(cookiesOf)
    const odd = found.find(({ odd }) => odd !== undefined)?.odd
    const cookies = found.flatMap(({ said }) => said)
    const headers = headersOf(token)
    if (session === null) return odd ?? (cookies.length + headers.length > 0 ? 'it is somebody’s page, and nobody is signed in' : undefined)
    const own = toldIn(session)
    const isOwn = ({ what, value }: Said, of: readonly Said[]) => of.some(said => said.what === what && said.value === value) || session.earlier.includes(mark(what, value))
    const past = cookies.find(({ at }) => at < session.startedAt - SKEW)
    const cookie = cookies.find(said => !isOwn(said, own.cookies) && !isSamePerson(said, own.cookies))
    const header = headers.find(said => !isOwn(said, own.headers))
    if (odd !== undefined) return odd
    if (cookie !== undefined) return `its cookie ${cookie.what} is ${cookie.what === 'user' ? `for ${JSON.stringify(cookie.value)}` : 'not this session’s'}`
    if (past !== undefined) return `its cookie ${past.what} is from before this sign-in`
    return header && `its header ${header.what} is not this session’s`
  }

  return {
    marks (session) {
      const { headers, cookies } = toldIn(session)
      return [...headers, ...cookies].map(({ what, value }) => mark(what, value))
    },
    whyNot (path, protocols, session) {
      for (const text of tokensIn(protocols)) {
        const token = readToken(text)
        if (token === null) return 'it cannot be read as Bokeh’s'
        const why = whyForeign(token, session)
        if (why !== undefined) return why
        if (!isOfPage(token, path, prefix)) return `its page is ${JSON.stringify(token.page)}, and the websocket is another’s (--prefix says what all are below)`
        if (!owners.isFor(token.sessionId, session?.identity ?? null)) return 'its page is another person’s'
      }
      return undefined
    }
  }
}

/** An app asks who may see a page when it is made, and not again: its token is for the websocket below it. Either may know a prefix that the other does not. */
function isOfPage ({ page }: PageToken, path: string, prefix: string): boolean {
  if (page === undefined || !path.endsWith('/ws')) return true
  const [made, below] = [page.replace(/\/$/, ''), path.slice(0, -'/ws'.length)]
  if (made === '' || below === '') return made === below || [made, below].includes(prefix.replace(/\/$/, ''))
  return made.endsWith(below) || below.endsWith(made)
}

function mark (what: string, value: string): string {
  return hash('sha256', `${what}\0${value}`, 'base64')
}

/** A provider may send another id_token whenever tokens are renewed: also by another process, whose marks are not here. */
function isSamePerson ({ what, value }: SaidCookie, own: readonly SaidCookie[]): boolean {
  const ours = own.find(said => said.what === 'id_token')
  return what === 'id_token' && ours !== undefined && personIn(value) !== undefined && personIn(value) === personIn(ours.value)
}

/** Of an id_token as a provider signed it, or of JSON as we make it: whose it is. */
function personIn (idToken: string): string | undefined {
  const parts = idToken.split('.')
  try {
    const { iss, sub, user } = JSON.parse(Buffer.from(parts[1] ?? parts[0] ?? '', 'base64url').toString()) as Readonly<Record<string, unknown>>
    return typeof sub === 'string' ? JSON.stringify([parts.length, iss, sub, user]) : undefined
  } catch {
    return undefined // encrypted, say
  }
}
