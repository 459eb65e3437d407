// What somebody can make of session cookies, their own and those that they got hold of: through a real gate.
import { connect } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { startGate, type GateSetup } from '../fixtures/gate.ts'
import { isCi } from '../fixtures/lacking.ts'
import { everybody } from '../fixtures/people.ts'
import { headerOf, ofManyGroups, sessionCookies } from '../fixtures/sealed-cookies.ts'
import { userIn } from '../fixtures/siblings.ts'
import { cookiesOf, Visitor } from '../fixtures/visitor.ts'

const nobody = new Visitor()
/** Whom the app is told of for this header; the status where the gate let nobody in. */
const asked = async (origin: string, cookie: string) => userIn(await nobody.ask(`${origin}/`, { headers: { cookie } }))

async function signedIn (t: Test, logins: readonly string[], setup: GateSetup = {}) {
  const running = await startGate(t, { provider: { people: [...everybody, ofManyGroups('ann'), ofManyGroups('bob')] }, ...setup })
  const visitors = await Promise.all(logins.map(async login => {
    const visitor = new Visitor()
    await visitor.signIn(`${running.origin}/`, login)
    return visitor
  }))
  return { ...running, visitors, cookies: visitors.map(visitor => sessionCookies(visitor)) }
}

t.test('chunk splicing: no mix of two people’s chunks is anybody’s session, but the one that is whole', async t => {
  const { origin, cookies: [ann, bob], visitors } = await signedIn(t, ['ann', 'bob'])
  if (ann === undefined || bob === undefined) throw new Error('two have signed in')
  const names = [...ann.keys()]
  t.ok(names.length >= 3 && bob.size === names.length, `${names.length} chunks each`)
  await visitors[0]?.signIn(`${origin}/oauth2/start?rd=%2F&prompt=login`, 'ann') // her first session is another now, and over
  const young = sessionCookies(visitors[0] as Visitor)
  /** What may stand in the place of a chunk. */
  const variants = (name: string): readonly (readonly [of: string, pairs: readonly (readonly [string, string])[]])[] => [
    ['ann', [[name, young.get(name) ?? '']]], ['bob', [[name, bob.get(name) ?? '']]], ['stale', [[name, ann.get(name) ?? '']]],
    ['nothing', []], ['twice', [[name, young.get(name) ?? ''], [name, bob.get(name) ?? '']]], ['same', [[name, young.get(name) ?? ''], [name, young.get(name) ?? '']]], ['empty', [[name, '']]],
    ['next', [[name, young.get(names[(names.indexOf(name) + 1) % names.length] ?? '') ?? '']]]
  ]
  const mixes = names.reduce<readonly (readonly [string, readonly (readonly [string, string])[]])[]>((all, name) => all.flatMap(([of, pairs]) => variants(name).map(([from, more]) => [`${of} ${from}`.trim(), [...pairs, ...more]] as const)), [['', []]])
  const whole: Readonly<Record<string, string>> = { [names.map(() => 'ann').join(' ')]: 'ann@example.com', [names.map(() => 'bob').join(' ')]: 'bob@example.com' }
  const step = isCi ? 1 : 7
  for (const [index, [of, pairs]] of mixes.entries()) {
    if (index % step !== 0 && whole[of] === undefined) continue
    for (const order of [pairs, pairs.toReversed()]) {
      const user = await asked(origin, headerOf(order))
      if (user !== (whole[of] ?? 401)) t.fail(`${of} is ${user}`)
    }
  }
  t.pass(`${mixes.length} mixes`)
  t.equal(await asked(origin, headerOf([...young, [`${names[0]}.${names.length}`, 'z'.repeat(3000)]])), 'ann@example.com', 'a chunk too many is not read')
  const [first = '', ...rest] = names
  for (const count of ['0', '1', '2', '9', '99999999', '03', '3.3', '']) {
    const text = (young.get(first) ?? '').replace(/^\d/, count)
    if (count !== String(names.length)) t.equal(await asked(origin, headerOf([[first, text], ...rest.map(name => [name, young.get(name) ?? ''] as const)])), 401, `a count of ${count}`)
  }
})

t.test('tampering: a session that is cut, longer, or changed in any character is none', async t => {
  const { origin, cookies: [mine] } = await signedIn(t, ['ada'])
  const [[name, value]] = [...mine ?? []] as [[string, string]]
  t.equal(await asked(origin, `${name}=${value}`), 'ada@example.com')
  const step = isCi ? 1 : 23
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  let tried = 0
  for (let at = 0; at < value.length; at += step) {
    const other = letters[(letters.indexOf(value.charAt(at)) + 1 + at % 62) % 64] ?? ''
    const changed = [value.slice(0, at) + other + value.slice(at + 1), value.slice(0, at), value.slice(at + 1), value.slice(0, at) + value.charAt(at) + value.slice(at)]
    for (const text of changed.filter(text => text !== value)) {
      if (await asked(origin, `${name}=${text}`) !== 401) t.fail(`at ${at}`)
      tried++
    }
  }
  for (const text of ['', '=', ' ', '2.', '2.x', `"${value}"`, `${value};`.repeat(2), `${value}=`, `${value},${value}`, encodeURIComponent(value), value.replace(/=*$/, '%3D'), value.toLowerCase(), Buffer.from(value).toString('base64'), `\xa0${value}`, `${value}\xa0`]) {
    const changed = text !== value && !text.startsWith(`${value};`)
    if (changed) t.equal(await asked(origin, `${name}=${text}`), 401, JSON.stringify(text.slice(0, 12)))
  }
  t.ok(tried > 50, `${tried} changes`)
})

/** What servers and browsers have taken for `__Host-NAME` that is not: research of 2025, and older parsers. */
const spellings: Readonly<Record<string, (name: string, value: string) => string>> = {
  'a space that only Unicode knows': (name, value) => `\u00e2\u0080\u0080${name}=${value}`,
  'a no-break space': (name, value) => `\xa0${name}=${value}`,
  'a next line': (name, value) => `\x85${name}=${value}`,
  'the old $Version': (name, value) => `$Version=1; $${name}=${value}`,
  '$Version and quotes': (name, value) => `$Version=1,${name}="${value}"`,
  'a comma before it': (name, value) => `a=1,${name}=${value}`,
  'quotes round the name': (name, value) => `"${name}"=${value}`,
  'quotes round another value': (name, value) => `a="1, ${name}=${value}"`,
  'quotes round the value': (name, value) => `${name}="${value}"`,
  'an escaped quote': (name, value) => `a="\\"; b=\\"${name}=${value}"`,
  'a cookie without a name': (name, value) => `=${name}=${value}`,
  'two signs': (name, value) => `==${name}=${value}`,
  'a space before the sign': (name, value) => `${name} =${value}`,
  'a tab before the sign': (name, value) => `${name}\t=${value}`,
  'small letters': (name, value) => `${name.toLowerCase()}=${value}`,
  capitals: (name, value) => `${name.toUpperCase()}=${value}`,
  'no prefix': (name, value) => `${name.replace(/^__Host-/, '')}=${value}`,
  'another prefix': (name, value) => `${name.replace(/^__Host-/, '__Secure-')}=${value}`,
  'the prefix of newer browsers': (name, value) => `${name.replace(/^__Host-/, '__Host-Http-')}=${value}`,
  'an encoded prefix': (name, value) => `${name.replace(/^_/, '%5f')}=${value}`,
  'a bracket behind it': (name, value) => `${name}[0]=${value}`,
  'a chunk alone': (name, value) => `${name}.0=${value}`,
  'no sign at all': (name, value) => `${name}${value}`
}

for (const [what, write] of Object.entries(spellings)) {
  t.test(`cookie prefix: a session under another name is none: ${what}`, async t => {
    const { value, name, origin } = await secureGate
    const proto = { 'x-forwarded-proto': 'https' }
    const answer = await nobody.ask(`${origin}/`, { headers: { ...proto, cookie: write(name, value) } })
    t.equal(answer.status, 401)
    t.equal(userIn(await nobody.ask(`${origin}/`, { headers: { ...proto, cookie: `${name}=${value}` } })), 'ada@example.com')
    const beside = await nobody.ask(`${origin}/`, { headers: { ...proto, cookie: `${name}=${value}; ${write(name, value)}; theirs=1` } })
    t.ok(beside.status === 200 || beside.status === 401, `beside the true one: ${beside.status}`)
    const passedOn = beside.status === 200 ? (JSON.parse(beside.body) as { headers: Record<string, string> }).headers['cookie'] ?? '' : ''
    t.notOk(passedOn.split(';').some(pair => pair.trim().startsWith(`${name}=`)), 'and the app does not get that')
  })
}

/** A gate on https, by a proxy that ends TLS: for all of the table one. */
const secureGate = (async () => {
  const running = await startGate(t, { settings: ({ origin }) => ({ trustedProxy: ['127.0.0.1'], oauthRedirectUri: origin }) })
  const visitor = new Visitor()
  const ask = visitor.ask.bind(visitor)
  visitor.ask = (address, more = {}) => ask(address, { ...more, headers: { ...more.headers, ...address.startsWith(running.origin) && { 'x-forwarded-proto': 'https' } } })
  await visitor.signIn(`${running.origin}/`, 'ada')
  const [[name, value]] = [...sessionCookies(visitor)] as [[string, string]]
  return { ...running, name, value }
})()

t.test('cookie tossing: two cookies of one name are nobody’s session, whatever is in them, and a sign-out takes ours away', async t => {
  const { origin, visitors: [ada], cookies: [mine, theirs] } = await signedIn(t, ['ada', 'ben'])
  const [[name, value]] = [...mine ?? []] as [[string, string]]
  const other = theirs?.get(name) ?? ''
  for (const pair of [[value, other], [other, value], [value, value], [value, ''], ['', value], [value, 'x']]) {
    t.equal(await asked(origin, pair.map(text => `${name}=${text}`).join('; ')), 401, pair.map(text => text.slice(-4)).join())
    t.equal(await asked(origin, pair.map(text => `${name}=${text}`).join('; a=1;')), 401)
  }
  ada?.cookies.get('127.0.0.1')?.set('tossed', { name, value: other, path: '/oauth2' })
  const left = await ada?.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })
  t.match(left?.body, /signed out/)
  t.notOk(ada?.cookies.get('127.0.0.1')?.has(`${name}/`), 'the one that we had set is gone')
})

t.test('cookie flood: thousands of cookies, or 64 KiB of one, are answered as fast as none, and more is refused', async t => {
  const { origin, visitors: [ada], cookies: [mine] } = await signedIn(t, ['ada'])
  const session = headerOf(mine ?? [])
  const [name = ''] = [...mine ?? []][0] ?? []
  const room = 60 * 1024
  const fill = (piece: (index: number) => string) => {
    let text = ''
    for (let index = 0; text.length < room; index++) text += piece(index)
    return text.slice(0, room)
  }
  const floods: Readonly<Record<string, string>> = {
    'small cookies': fill(index => `c${index}=; `), semicolons: fill(() => ';'), blanks: fill(() => '   '), 'names that begin like ours': fill(() => `${name}x=1; `),
    'our name as a value': fill(() => `a=${name}=1;`), 'our name without a separator': fill(() => `  ${name}=`).replace(/^ +/, 'a'), 'login cookies': fill(index => `${name}-login-${String(index).padStart(44, 'x')}=1; `),
    chunks: fill(index => `${name}.${1 + index % 7}=1; `), quotes: fill(() => '"'), 'words and blanks': `${fill(() => 'a').slice(0, room / 2)}${fill(() => ' ').slice(0, room / 2)}x`, dollars: fill(() => ' $'), signs: fill(() => '=')
  }
  for (const [what, flood] of Object.entries(floods)) {
    const began = performance.now()
    const answer = await nobody.ask(`${origin}/`, { headers: { cookie: `${session}; ${flood.trim()}` } })
    const took = performance.now() - began
    t.ok([200, 401].includes(answer.status) || answer.headers['x-oauth-gate'] === undefined, `${what}: ${answer.status}`) // the app itself takes 16 KiB
    t.ok(took < 2500, `${what}: ${Math.round(took)} ms`) // what is quadratic takes a minute
    t.ok(answer.setCookies.length <= 20)
  }
  const tooMuch = connect(Number(new URL(origin).port), '127.0.0.1')
  t.teardown(() => tooMuch.destroy())
  let said = ''
  tooMuch.on('error', () => {}).setEncoding('latin1').on('data', (chunk: string) => { said += chunk })
  tooMuch.write(`GET / HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nCookie: ${'a=1; '.repeat(20_000)}\r\n\r\n`)
  await once(tooMuch, 'close')
  t.match(said, /^HTTP\/1\.1 431 /)
  t.equal(userIn(await ada?.ask(`${origin}/`) ?? nobody.ask as never), 'ada@example.com', 'and whoever is signed in is served')
  t.ok(cookiesOf(ada as Visitor))
})

t.test('login CSRF: a link of another site to a sign-in with another account takes no session away, and signs nobody in', async t => {
  const { origin, visitors: [ada] } = await signedIn(t, ['ada'])
  const foreign = { 'sec-fetch-site': 'cross-site', referer: 'https://evil.example/' }
  for (const path of ['start?prompt=select_account', 'start?rd=%2F', 'sign_in?prompt=select_account', 'signed_out', 'sign_out']) {
    const answer = await ada?.navigate(`${origin}/oauth2/${path}`, { headers: foreign })
    t.notOk(answer?.setCookies.some(line => /^oauth-gate-\d+(?:\.\d)?=/.test(line)), path)
    t.equal(userIn(await ada?.ask(`${origin}/`) as never), 'ada@example.com', 'she is who she was')
  }
  for (const path of ['start', 'callback', 'signed_out', 'backchannel-logout']) await ada?.ask(`${origin}/oauth2/${path}`, { form: { a: 'b' }, headers: { ...foreign, origin: 'https://evil.example' } })
  t.equal(userIn(await ada?.ask(`${origin}/`) as never), 'ada@example.com', 'also after forms')
})
