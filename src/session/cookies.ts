/** How the browser is told to keep our cookies, and what they are called. */
export interface CookieSettings {
  readonly name?: string | undefined
  /** The port that is listened on (0 where any may be): on plain http it is part of the name, because cookies know no ports. */
  readonly port: number
  readonly domain?: string | undefined
  readonly path: string
  readonly sameSite: 'lax' | 'strict' | 'none'
}

/** One `Set-Cookie`: what @fastify/cookie serialises (RFC 6265bis §4.1). */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly options: {
    readonly httpOnly: true
    readonly secure: boolean
    readonly sameSite: 'lax' | 'strict' | 'none'
    readonly path: string
    readonly domain?: string
    /** Seconds; 0 removes. */
    readonly maxAge: number
  }
}

/** What became of a session cookie, as far as a request shows it. `part`: some of its chunks are missing. */
export type Trace = 'none' | 'twice' | 'part' | 'whole'

/** The cookies of one scheme: a browser on plain http has other names than one on https. */
export interface CookieJar {
  readonly sessionName: string
  /** How the session cookie is kept. */
  readonly kept: Pick<SetCookie['options'], 'secure' | 'sameSite' | 'path' | 'domain'>
  trace (header: string | undefined): Trace
  /** The sealed session in a `Cookie` header, its chunks joined; null also for two cookies of one name. */
  readSession (header: string | undefined): string | null
  /** Sets the session, and removes the chunks that a longer one left behind. */
  writeSession (token: string, maxAge: number, header: string | undefined): SetCookie[]
  /** Removes the session, and the mark: who signs out on purpose is in no loop. */
  clearSession (header: string | undefined): SetCookie[]
  readLogin (header: string | undefined, state: string): string | null
  /** The states of all logins this browser carries. */
  loginStates (header: string | undefined): string[]
  writeLogin (state: string, token: string, maxAge: number): SetCookie
  clearLogin (state: string): SetCookie
  /** The mark that a sign-in succeeded (loop.ts). */
  readMark (header: string | undefined): string | null
  writeMark (value: string, maxAge: number): SetCookie
  /** The provider that was taken last, of several. */
  readChoice (header: string | undefined): string | null
  writeChoice (id: string): SetCookie
}

const BASE = 'oauth-gate'
const LOGIN = '-login-'
const MARK = '-arrived'
const CHOICE = '-provider'
const CHOICE_KEPT = 365 * 24 * 60 * 60
/** Browsers keep 4,096 bytes of name and value; the rest is left for the name. */
const CHUNK = 3_900
const MOST_CHUNKS = 8
/** A state in base64url (login.ts). Other pages of this host can set cookies too, of any name they like. */
const STATE = /^[A-Za-z0-9_-]{44}$/
/** Twice what we ever set: more are not ours, and looking at each would cost a stranger's every request. */
const MOST_STATES = 16
const COUNT = /^([2-8])\.(.*)$/s

export function createCookieJar (settings: CookieSettings, secure: boolean): CookieJar {
  const sessionName = settings.name ?? defaultName(settings, secure)
  // A login must reach the callback wherever that is, so its path is always '/'.
  const loginName = `${secure && settings.domain === undefined ? '__Host-' : ''}${bare(sessionName)}${LOGIN}`
  const markName = `${bare(settings.name ?? defaultName(settings, false))}${MARK}`
  const common = { httpOnly: true, secure, ...settings.domain !== undefined && { domain: settings.domain } } as const
  const session = (name: string, value: string, maxAge: number): SetCookie =>
    ({ name, value, options: { ...common, sameSite: settings.sameSite, path: settings.path, maxAge: Math.floor(maxAge / 1000) } })
  // Lax, whatever the session has: the provider's redirect is cross-site, and a strict cookie would not come back with it.
  const login = (state: string, value: string, maxAge: number): SetCookie =>
    ({ name: loginName + state, value, options: { ...common, sameSite: 'lax', path: '/', maxAge: Math.floor(maxAge / 1000) } })
  // It tells of a session cookie that got lost, so nothing may lose it in the same way: not the scheme, the path, the domain or the size. It opens nothing.
  const mark = (value: string, maxAge: number): SetCookie =>
    ({ name: markName, value, options: { httpOnly: true, secure: false, sameSite: 'lax', path: '/', maxAge: Math.floor(maxAge / 1000) } })
  const choiceName = `${loginName.slice(0, -LOGIN.length)}${CHOICE}`
  const chunkName = (index: number) => index === 0 ? sessionName : `${sessionName}.${index}`
  // Also where there are two of a name, of which one is somebody else's: a sign-out takes ours away all the same.
  const stale = (header: string | undefined, kept: number) => {
    const names = new Set(cookieNames(header))
    return Array.from({ length: MOST_CHUNKS }, (_, index) => index).filter(index => index >= kept && names.has(chunkName(index))).map(index => session(chunkName(index), '', 0))
  }

  return {
    sessionName,
    kept: { ...common, sameSite: settings.sameSite, path: settings.path },
    trace (header) {
      const held = Array.from({ length: MOST_CHUNKS }, (_, index) => count(header, chunkName(index)))
      if (held.some(count => count > 1)) return 'twice'
      if (held.every(count => count === 0)) return 'none'
      return this.readSession(header) === null ? 'part' : 'whole'
    },
    readSession (header) {
      const first = readCookie(header, sessionName)
      if (first === null) return null
      const [, count, start] = COUNT.exec(first) ?? []
      if (count === undefined || start === undefined) return first
      const rest = Array.from({ length: Number(count) - 1 }, (_, index) => readCookie(header, chunkName(index + 1)))
      return rest.includes(null) ? null : start + rest.join('')
    },
    writeSession (token, maxAge, header) {
      const chunks = split(token)
      return [...chunks.map((chunk, index) => session(chunkName(index), chunk, maxAge)), ...stale(header, chunks.length)]
    },
    clearSession: header => [...stale(header, 0), ...count(header, markName) > 0 ? [mark('', 0)] : []],
    readLogin: (header, state) => readCookie(header, loginName + state),
    loginStates: header => cookieNames(header).filter(name => name.startsWith(loginName)).map(name => name.slice(loginName.length))
      .filter(state => STATE.test(state)).slice(0, MOST_STATES),
    writeLogin: login,
    clearLogin: state => login(state, '', 0),
    readMark: header => readCookie(header, markName),
    writeMark: mark,
    readChoice: header => readCookie(header, choiceName),
    writeChoice: id => ({ name: choiceName, value: id, options: { ...common, sameSite: 'lax', path: '/', maxAge: CHOICE_KEPT } })
  }
}

/** Whether a cookie is a gate's: ours, or one of another gate on this host. None of them is the app's business. */
export function createOurCookies (settings: CookieSettings): (name: string) => boolean {
  const own = settings.name === undefined ? undefined : bare(settings.name)
  return name => {
    const plain = bare(name)
    return plain.startsWith(BASE) || (own !== undefined && plain.startsWith(own) && isOurSuffix(plain.slice(own.length)))
  }
}

/** @returns whether the token fits into the cookies a session may have */
export function fitsCookies (token: string): boolean {
  return token.length <= CHUNK * MOST_CHUNKS - 2
}

function isOurSuffix (suffix: string): boolean {
  return suffix === '' || suffix === MARK || suffix === CHOICE || /^\.[1-7]$/.test(suffix) || suffix.startsWith(LOGIN)
}

function defaultName (settings: CookieSettings, secure: boolean): string {
  if (!secure) return `${BASE}-${settings.port}`
  return settings.path === '/' && settings.domain === undefined ? `__Host-${BASE}` : `__Secure-${BASE}`
}

function bare (name: string): string {
  return name.replace(/^__(?:Host|Secure)-/, '')
}

// The count stands before the first chunk, so that a chunk left over from a longer session is never read.
function split (token: string): string[] {
  if (token.length <= CHUNK) return [token]
  const count = Math.ceil((token.length + 2) / CHUNK)
  const text = `${count}.${token}`
  return Array.from({ length: count }, (_, index) => text.slice(index * CHUNK, (index + 1) * CHUNK))
}

function count (header: string | undefined, name: string): number {
  return cookieNames(header).filter(each => each === name).length
}

/**
 * One cookie's value, found without parsing the others. Names and values are bytes: no decoding, no quotes.
 *
 * @returns null where the name is missing, or there twice: a sibling domain can set a second one, and nobody can tell which is ours
 */
function readCookie (header: string | undefined, name: string): string | null {
  if (header === undefined) return null
  let found: string | null = null
  for (let at = header.indexOf(`${name}=`); at !== -1; at = header.indexOf(`${name}=`, at + 1)) {
    if (!startsPair(header, at)) continue
    if (found !== null) return null
    const end = header.indexOf(';', at)
    found = header.slice(at + name.length + 1, endOf(header, end === -1 ? header.length : end))
  }
  return found
}

function startsPair (header: string, at: number): boolean {
  const before = endOf(header, at)
  return before === 0 || header[before - 1] === ';'
}

/** Without the spaces and tabs before it, and nothing else that Unicode calls white: a browser keeps that (RFC 6265bis §5.6). */
function endOf (header: string, end: number): number {
  while (header[end - 1] === ' ' || header[end - 1] === '\t') end--
  return end
}

function cookieNames (header: string | undefined): string[] {
  return (header ?? '').split(';').map(pair => pair.slice(0, endOf(pair, Math.max(0, pair.indexOf('=')))).replace(/^[ \t]+/, ''))
}
