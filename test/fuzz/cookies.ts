import { createCookieJar, type CookieJar } from '../../src/session/cookies.ts'
import { startGate } from '../fixtures/gate.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'
import { answersIn } from '../fixtures/talk.ts'
import { startApp, toldIn } from './app.ts'
import { speak } from './speak.ts'
import type { Target } from './target.ts'
import { fc } from '../fixtures/random.ts'

/** RFC 6265bis §5.7 as far as a server can follow it: bytes between semicolons, spaces and tabs trimmed, nothing decoded. No browser sends a space before the equals sign. */
function valuesOf (header: string, name: string): string[] {
  return header.split(';').flatMap(pair => {
    const [key = '', ...rest] = pair.split('=')
    return rest.length > 0 && key.replace(/^[ \t]+/, '') === name ? [trim(rest.join('='))] : []
  })
}

function trim (text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

/** What a header says, by the words of design: one cookie of each name or none, all of its chunks. */
function sessionIn (header: string, name: string): string | null {
  const [first, ...more] = valuesOf(header, name)
  if (first === undefined || more.length > 0) return null
  const [, count, start = ''] = /^([2-8])\.([^]*)$/.exec(first) ?? []
  if (count === undefined) return first
  const rest = Array.from({ length: Number(count) - 1 }, (_, index) => valuesOf(header, `${name}.${index + 1}`))
  return rest.every(values => values.length === 1) ? start + rest.map(([value = '']) => value).join('') : null
}

const spaces = fc.constantFrom('', '', '', ' ', '\t', '  ', '\xa0', '\x0b', '\x85')
const junk = fc.oneof(fc.string({ maxLength: 12, unit: 'binary-ascii' }), fc.constantFrom('=', '==', ';', ',', '"', '$Version=1', '$Path=/', '\x00', '\xff\xfe', '\xe2\x80\x80'))
const clean = (text: string): string => text.replace(/[\r\n\0]/g, '').replace(/[^\x00-\xff]/g, '?')

/** Headers made of cookies that somebody has, names that look like theirs, and rubbish. */
function headerOf (names: readonly string[], values: readonly string[]): fc.Arbitrary<string> {
  const looksLike = fc.constantFrom(...names).chain(name => fc.constantFrom(name, name, name, name.toUpperCase(), ` ${name}`, `"${name}"`, `${name}%20`, `__Host-${name}`, `\xa0${name}`, `=${name}`, name.slice(1), `x${name}`, `${name}.0`, `${name}.1`, `${name}.2`))
  const value = fc.constantFrom(...values).chain(value => fc.oneof(
    { weight: 5, arbitrary: fc.constant(value) },
    fc.tuple(fc.nat(value.length), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => value.slice(0, at) + String.fromCharCode(byte) + value.slice(at + 1)),
    fc.nat(value.length).map(at => value.slice(0, at)),
    fc.tuple(fc.nat(value.length), fc.constantFrom(...values)).map(([at, other]) => value.slice(0, at) + other.slice(at)),
    fc.constantFrom(`"${value}"`, `${value}=`, `${value},`, encodeURIComponent(value), `2.${value}`, `${value}\xa0`, `${value} x`)
  ))
  const pair = fc.oneof({ weight: 6, arbitrary: fc.tuple(spaces, looksLike, spaces, value, spaces).map(([before, name, middle, value, after]) => `${before}${name}${middle}=${value}${after}`) }, junk)
  return fc.array(pair, { maxLength: 6 }).map(pairs => clean(pairs.join(';')))
}

function jars (): readonly CookieJar[] {
  return [createCookieJar({ port: 4180, path: '/', sameSite: 'lax' }, false), createCookieJar({ port: 443, path: '/', sameSite: 'lax' }, true), createCookieJar({ name: 'site', port: 1, path: '/app', domain: 'example.com', sameSite: 'strict' }, true)]
}

/** By the functions alone: a header says the same to us as to the RFC. */
export const cookieHeaders: Target = {
  name: 'cookies: a header of cookies holds the session that it names once, whole, and no other',
  async start () {
    const long = 'abcdefghij'.repeat(900)
    const chunked = jars().map(jar => jar.writeSession(long, 1000, undefined))
    const names = [...new Set(chunked.flat().map(({ name }) => name))]
    const values = [...new Set(chunked.flat().map(({ value }) => value)), 'short']
    const whole = fc.constantFrom(...chunked).map(cookies => cookies.map(({ name, value }) => `${name}=${value}`).join('; '))
    const header = fc.oneof(headerOf(names, values), fc.tuple(whole, headerOf(names, values)).map(parts => parts.join('; ')))
    return fc.property(header, header => {
      for (const jar of jars()) {
        const [found, wanted] = [jar.readSession(header), sessionIn(header, jar.sessionName)]
        if (found !== wanted) throw new Error(`${jar.sessionName} of ${JSON.stringify(header)} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
        jar.trace(header)
        jar.loginStates(header)
        jar.clearSession(header)
      }
    }) as never
  }
}

/** At a live gate: whoever it takes somebody for has sent their cookie, once and unchanged. */
export const sessionCookies: Target = {
  name: 'cookies: nobody is taken for a person whose cookie they have not sent',
  async start (t) {
    const { origin } = await startGate(t, { app: { url: (await startApp(t)).url, received: [] } })
    const owners = new Map<string, string>()
    let name = ''
    for (const login of ['ada', 'ben']) {
      const visitor = new Visitor()
      await visitor.signIn(`${origin}/`, login)
      const [cookie = ''] = cookiesOf(visitor).split('; ').filter(each => !/-(?:login|arrived)/.test(each))
      name = cookie.split('=', 1).join()
      owners.set(cookie.slice(name.length + 1), `${login}@example.com`)
    }
    return fc.asyncProperty(headerOf([name], [...owners.keys()]), async header => {
      const [answer] = answersIn(await speak(origin, `GET /x HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nConnection: close\r\nCookie: ${header}\r\n\r\n`))
      if (answer === undefined) throw new Error('no answer')
      const owner = owners.get(sessionIn(header, name) ?? '')
      const wanted = owner === undefined ? [400, 401] : [200, 400] // a byte that no header may have
      if (!wanted.includes(answer.status)) throw new Error(`${answer.status} instead of ${wanted.join(' or ')}`)
      if (answer.status === 200 && toldIn(answer)?.join() !== owner) throw new Error(`told of ${toldIn(answer)?.join()} instead of ${owner}`)
    }) as never
  }
}
