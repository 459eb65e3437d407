import t from 'tap'
import { outwardHeaders, inwardHeaders, type Outward } from '../../src/proxy/headers.ts'
import { withoutSessionParameters } from '../../src/proxy/panel.ts'
import { isPanelCookie } from '../../src/session/panel-cookies.ts'
import { isOurCookie, valuesOf } from './setup.ts'
import { fc } from '../fixtures/random.ts'

const outward: Outward = {
  identity: [], passHost: true, isOurCookie: name => isOurCookie(name) || isPanelCookie(name), cookies: 'user=2|ours; id_token=2|ours',
  arrival: { address: '192.0.2.7', proto: 'https', host: 'gate.example', port: 443 }
}
const sent = (cookie: string | readonly string[], more: Partial<Outward> = {}) => valuesOf(outwardHeaders([cookie].flat().flatMap(line => ['Cookie', line]), { ...outward, ...more }), 'cookie')

/** Tornado's `parse_cookie`: Python's `strip` takes more for white space than a standard does. */
function tornado (header: string): ReadonlyMap<string, string> {
  const strip = (text: string) => text.replace(/^[\s\x1c-\x1f\x85\xa0]+|[\s\x1c-\x1f\x85\xa0]+$/g, '')
  return new Map(header.split(';').map(chunk => {
    const at = chunk.indexOf('=')
    return at === -1 ? ['', strip(chunk)] : [strip(chunk.slice(0, at)), strip(chunk.slice(at + 1))]
  }))
}

t.test('forged cookies: none of Panel’s passes, in any spelling that an app could read as one', async t => {
  const spellings = [
    'user=forged', 'a=1; user=forged', 'user=forged; user=forged', 'a=1;user=forged;b=2', ' user =forged', 'user = forged', '\tuser\t=forged', 'user\x85=forged', '\x85user=forged', '\xa0user\xa0=forged',
    'user="forged"', '"user"=forged', '$user=forged', '$Version=1; $user=forged', 'a=1 user=forged', 'a="x user=forged"', 'a="; user=forged; "', 'a=x\x85user=forged', 'a=" user="forged', 'user==forged', '=; user=forged',
    'is_guest=forged', 'id_token=forged', 'access_token=forged', 'refresh_token=forged', 'oauth_expiry=forged', 'panel-oauth-state=forged', 'panel-oauth-code=forged'
  ]
  for (const spelling of spellings) {
    for (const cookies of [outward.cookies, 'is_guest=1']) t.notMatch(sent(spelling, { cookies }).join(), /forged/, `${JSON.stringify(spelling)} beside ${cookies}`)
    t.notMatch(sent([spelling, 'b=2', spelling]).join(), /forged/)
  }
  t.strictSame(sent(spellings), ['a=1; a=1; b=2; $Version=1; a="; "; =; user=2|ours; id_token=2|ours'], 'and nothing else went with them')
})

t.test('other cookies of the app pass, ours behind them in the one header', async t => {
  t.strictSame(sent('theme=dark; User=x; user2=y; b="q user"; t=user'), ['theme=dark; User=x; user2=y; b="q user"; t=user; user=2|ours; id_token=2|ours'])
  t.strictSame(sent(['a=1', 'b=2']), ['a=1; b=2; user=2|ours; id_token=2|ours'])
  t.strictSame(sent([]), ['user=2|ours; id_token=2|ours'])
  t.strictSame(sent('a=1', { cookies: undefined }), ['a=1'])
})

t.test('a Connection header that names Cookie takes the client’s, and not ours', async t => {
  t.strictSame(valuesOf(outwardHeaders(['Cookie', 'a=1', 'Connection', 'close, Cookie', 'X-A', '1'], outward), 'cookie'), ['user=2|ours; id_token=2|ours'])
})

t.test('whatever a client sends, Tornado reads our cookies and no other of their names', async () => {
  const names = fc.constantFrom('user', 'id_token', 'is_guest', 'oauth_expiry', 'a', 'User', '$user', '"user"', ' user', 'user\x85', '')
  const glue = fc.constantFrom(';', '; ', ' ; ', ' ', '\x85', ',', '=', '"', ';;')
  const piece = fc.tuple(names, fc.constantFrom('=', ' = ', '', '=='), fc.constantFrom('forged', '"forged"', '', ' user=forged'), glue).map(parts => parts.join(''))
  fc.assert(fc.property(fc.array(fc.array(piece, { maxLength: 6 }).map(list => list.join('')), { maxLength: 3 }), lines => {
    const [header = '', ...rest] = sent(lines)
    const read = tornado(header)
    return rest.length === 0 && read.get('user') === '2|ours' && read.get('id_token') === '2|ours' && !read.has('is_guest') && !read.has('oauth_expiry') &&
      header.split(';').filter(pair => /^\s*user\s*=/.test(pair)).length === 1
  }), { numRuns: 2_000 })
})

t.test('the app sets none of them in a browser, where it would take our place for as long as it likes', async t => {
  const raw = ['Set-Cookie', 'user="2|1:0"; Path=/', 'set-cookie', 'is_guest=1', 'Set-Cookie', ' id_token =x', 'Set-Cookie', 'access_token=x', 'Set-Cookie', 'refresh_token=', 'Set-Cookie', 'oauth_expiry=1', 'Set-Cookie', 'panel-oauth-state=x', 'Set-Cookie', 'theme=dark'].map(text => Buffer.from(text))
  t.strictSame(inwardHeaders(raw, outward.isOurCookie), ['Set-Cookie', 'theme=dark'])
})

t.test('session fixation: a link cannot choose the Bokeh session, in any spelling of its parameters', async t => {
  const cases: [string, string][] = [
    ['/app?bokeh-session-id=forged', '/app'], ['/app?bokeh-token=forged&a=1', '/app?a=1'], ['/app?a=1&bokeh-token=forged', '/app?a=1'], ['/app?a=1&bokeh-token=forged&b=2', '/app?a=1&b=2'],
    ['/app?%62okeh-token=forged', '/app'], ['/app?bokeh%2Dtoken=forged', '/app'], ['/app?bokeh%2dsession%2Did=forged&x', '/app?x'], ['/app?%62%6f%6B%65%68%2d%74%6f%6b%65%6e=forged', '/app'],
    ['/app?bokeh-token', '/app'], ['/app?bokeh-token=', '/app'], ['/app?bokeh-token=forged&bokeh-token=forged&bokeh-session-id=forged', '/app'], ['/app?a=1;bokeh-token=forged;b=2', '/app?a=1;b=2'], ['/app?&bokeh-token=forged&', '/app?&']
  ]
  for (const [target, expected] of cases) t.equal(withoutSessionParameters(target), expected, target)
  for (const same of ['/app', '/app?', '/app?a=1&&b=%2', '/bokeh-token=x', '/app?a=bokeh-token=x', '/app?Bokeh-Token=x', '/app?bokeh-tokens=x', '/app?xbokeh-token=x', '/app??bokeh-token=x', '/app?bokeh_token=x', '/app?bokeh-autoload-element=1&bokeh-app-path=/app', '/app?%zz=1&%', '/app?%FF=%62okeh-token']) {
    t.equal(withoutSessionParameters(same), same, same)
  }
})

t.test('of any query all is left but these parameters, byte for byte', async () => {
  const encode = (name: string) => fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map(marks => [...name].map((char, at) => marks[at] === true ? `%${char.charCodeAt(0).toString(16)}` : char).join(''))
  const value = fc.stringMatching(/^[!-%'-:<-~]{0,12}$/)
  const other = fc.tuple(fc.stringMatching(/^[a-zA-Z0-9%+._~-]{0,12}$/).filter(name => !/%/.test(name)), value).map(([name, value]) => ({ text: value === '' ? name : `${name}=${value}`, goes: name === 'bokeh-token' || name === 'bokeh-session-id' }))
  const theirs = fc.tuple(fc.constantFrom('bokeh-token', 'bokeh-session-id').chain(encode), value).map(([name, value]) => ({ text: `${name}=${value}`, goes: true }))
  fc.assert(fc.property(fc.array(fc.oneof(other, theirs), { minLength: 1, maxLength: 8 }), parameters => {
    const left = parameters.filter(({ goes }) => !goes).map(({ text }) => text)
    const query = withoutSessionParameters(`/p/a?${parameters.map(({ text }) => text).join('&')}`)
    return query === (left.length === 0 ? '/p/a' : `/p/a?${left.join('&')}`)
  }), { numRuns: 2_000 })
})
