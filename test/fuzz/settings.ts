import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError, Problem } from '../../src/config/config-error.ts'
import { literal } from '../../src/config/kinds/extra-params.ts'
import { loadConfig } from '../../src/config/load.ts'
import { fileKeys, specOf } from '../../src/config/names.ts'
import { buildAuthorizeUrl } from '../../src/oauth/authorize.ts'
import type { Target } from './target.ts'
import { fc } from '../fixtures/random.ts'

const attempt = { state: 'the-state', nonce: 'the-nonce', codeVerifier: 'v'.repeat(128), redirectUri: 'https://app.example.com/' }
const CORE = { response_type: 'code', client_id: 'the-client', redirect_uri: attempt.redirectUri, scope: 'openid email', state: attempt.state, nonce: attempt.nonce, code_challenge_method: 'S256' }

const names = fc.oneof(fc.constantFrom(...Object.keys(CORE), 'code_challenge', 'code_verifier', 'response_mode', 'request', 'request_uri', 'client_secret', 'State', 'REDIRECT_URI', 'prompt', 'audience', '__proto__', 'constructor', '', ' state', 'state ', 'sta\tte'), fc.string({ maxLength: 6, unit: 'binary' }))
const dict = fc.array(fc.tuple(names, fc.oneof(fc.constantFrom<unknown>('x', 'evil', '', 'a&state=evil', '#', ['a', 'b'], { a: 1 }, null, true, 1e300), fc.jsonValue({ maxDepth: 2 }))), { maxLength: 6 }).map(members => Object.fromEntries(members))
const python = (value: unknown): string => JSON.stringify(value).replaceAll('null', 'None').replaceAll('true', 'True').replaceAll('false', 'False')
const change = fc.tuple(fc.nat(200), fc.constantFrom('\'', '"', '{', '}', '[', ']', '(', ')', ',', ':', '\\', '\n', '#', '\\x', '\\u12', 'None', '1_0', '0x', 'b\'', 'f"', '{'.repeat(300)))
const written = fc.tuple(dict.chain(value => fc.constantFrom(JSON.stringify(value), python(value))), fc.array(change, { maxLength: 3 })).map(([text, changes]) => changes.reduce((text, [at, what]) => text.slice(0, at) + what + text.slice(at + 1), text))

export const extraParams: Target = {
  name: 'extra params: whatever they are, what a login fills in for itself is there once and as it was',
  start: () => Promise.resolve(fc.property(fc.oneof(written, dict), raw => {
    const params = orProblem(() => literal.parse(raw))
    if (params === undefined) return
    const url = new URL(buildAuthorizeUrl('https://login.example/authorize?tenant=1&state=of-the-endpoint', { provider: {}, clientId: 'the-client', scopes: ['openid', 'email'], usePkce: true, extraParams: params }, attempt))
    if (url.origin !== 'https://login.example' || url.hash !== '') throw new Error(`it leads to ${url.href}`)
    for (const [name, value] of Object.entries(CORE)) if (url.searchParams.getAll(name).join(' and ') !== value) throw new Error(`${name} is ${url.searchParams.getAll(name).join(' and ')}`)
    for (const name of url.searchParams.keys()) if (['request', 'request_uri', 'client_secret', 'code_verifier', 'response_mode'].includes(name.toLowerCase())) throw new Error(`${name} is sent`)
  }) as never)
}

function orProblem<T> (work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

const SECRET = 'hush-the-secret-that-no-message-may-hold'
const [secretKeys, otherKeys] = [true, false].map(isSecret => [...fileKeys].filter(([, { option, inFile }]) => !inFile && (specOf(option).secret === true) === isSecret).map(([key]) => key)) as [string[], string[]]
const addresses = otherKeys.filter(key => /url$|issuer|uri$|upstream/.test(key))
const others = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...otherKeys) }, fc.constantFrom('__proto__', 'constructor', 'oauth_scret', '<<', 'null', '', 'oauth_secret_file', 'rules', 'providers'), fc.string({ maxLength: 8 }))
const value = fc.oneof(
  fc.constantFrom<unknown>('yes', 'no', 0, -1, 1e300, '', '/', '/a', 'https://x.example', 'a[b', '@', '*', [], {}, [{ path: '/a', allow: 'public' }], [{ path: '/a', allow: { condition: '[?' } }], 'x'.repeat(5000)),
  fc.jsonValue({ maxDepth: 3 })
)
const hushed = fc.constantFrom<unknown>(SECRET, `${SECRET}\n`, ` ${SECRET}`, [SECRET], { password: SECRET }, `redis://:${SECRET}@`, `rediss://:${SECRET}@cache/x?y=z`, `ada:${SECRET}`)
const member = fc.oneof({ weight: 4, arbitrary: fc.tuple(others, value) }, fc.tuple(fc.constantFrom(...secretKeys), fc.oneof(hushed, value)), fc.tuple(fc.constantFrom(...addresses), fc.constantFrom<unknown>(`https://user:${SECRET}@x.example`, `https://:${SECRET}@x example/`, `http:/user:${SECRET}@`)))
const settings = fc.array(member, { maxLength: 8 }).map(members => Object.fromEntries(members))
const rubbish = fc.constantFrom('\t', ': ', '\n- ', '{', '[', '&a ', '*a', '!!js/function ', '!!binary x', '|', '>', '"', '\'', '#', '---\n', '...\n', '<<: *a\n', '\0', '\ufeff', '? ', '%YAML 9.9\n', 'a: &a [*a]\n', 'auth.generic_oauth]\n', '[auth.generic_oauth]\nclient_secret = "')
const file = fc.tuple(settings, fc.constantFrom('json', 'yaml', 'ini'), fc.array(fc.tuple(fc.nat(400), rubbish), { maxLength: 4 })).map(([settings, kind, changes]) => {
  const lines = Object.entries(settings).map(([key, value]) => kind === 'ini' ? `${key} = ${typeof value === 'string' ? value : JSON.stringify(value)}` : `${key}: ${JSON.stringify(value)}`)
  const text = kind === 'json' ? JSON.stringify(settings) : `${kind === 'ini' ? '[auth.generic_oauth]\n' : ''}${lines.join('\n')}\n`
  return { kind, text: changes.reduce((text, [at, what]) => text.slice(0, at) + what + text.slice(at), text) }
})

export const configFiles: Target = {
  name: 'config files: whatever is in one, it is taken whole or refused with reasons, none of which holds a secret',
  start (t) {
    const folder = mkdtempSync(join(tmpdir(), 'oauth-gate-'))
    t.teardown(() => { rmSync(folder, { recursive: true }) })
    return Promise.resolve(fc.property(file, ({ kind, text }) => {
      const path = join(folder, `gate.${kind}`)
      writeFileSync(path, text)
      try {
        const { config, notices } = loadConfig({ env: {}, file: path, settings: { cookieSecret: SECRET } })
        if (!Object.isFrozen(config) || notices.some(notice => notice.includes(SECRET))) throw new Error(`it was taken, and ${notices.join('; ')}`)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        if (error.problems.length === 0 || error.problems.some(({ setting, message, fix }) => message === '' || [setting, message, fix].join(' ').includes(SECRET))) throw new Error(`it was refused: ${JSON.stringify(error.problems)}`, { cause: error })
      }
      if (Object.hasOwn(Object.prototype, 'allow')) throw new Error('every object has become another')
    }) as never)
  }
}
