import { spawn } from 'node:child_process'
import { request } from 'node:http'
import t, { type Test } from 'tap'
import { freePort } from '../fixtures/gate.ts'
import { isCi, onlyInCi } from '../fixtures/lacking.ts'

// What Panel's two pages about OAuth tell people to type, with something in place of the dots, through a real shell.
const main = new URL('../../src/cli/main.js', import.meta.url)
const launcher = `import(${JSON.stringify(main)}).then(async ({ main }) => { process.exitCode = await main(process.argv.slice(1)) })`
const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='
/** In the place of the page's COOKIE_SECRET, which is a part of names that may be printed. */
const SECRET = 'hush-the-cookies'
const TENANT = '11111111-2222-3333-4444-555555555555'

interface Typed { readonly code: number | null, readonly err: string, readonly authorize?: URL | undefined }

/** Types a line in which `gate` stands for `oauth-gate serve`; asks the gate that starts for a page, or waits for the end. */
async function type (t: Test, line: string): Promise<Typed> {
  const port = await freePort()
  const gate = `gate () { exec "$NODE" -e "$LAUNCHER" -- serve --upstream=http://127.0.0.1:9 --port=${port} --log-level=silent "$@"; }\n`
  const shell = spawn('/bin/sh', ['-c', gate + line], { env: { PATH: process.env['PATH'], NODE: process.execPath, LAUNCHER: launcher } })
  t.teardown(() => shell.kill('SIGKILL'))
  let said = ''
  const ended = new Promise<{ code: number | null }>(resolve => shell.on('close', code => { resolve({ code }) }))
  const started = new Promise<'started'>(resolve => {
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => {
      said += String(chunk)
      if (said.includes('Sign-in lasts')) resolve('started')
    })
  })
  const outcome = await Promise.race([started, ended])
  if (outcome !== 'started') return { code: outcome.code, err: said }
  const authorize = await redirectOf(port)
  shell.kill('SIGTERM')
  return { code: null, err: said, authorize }
}

/** Where a browser is sent that has no session, one hop after the other until it leaves the gate. */
async function redirectOf (port: number): Promise<URL> {
  let at = new URL(`http://127.0.0.1:${port}/`)
  while (at.port === String(port)) {
    const location = await locationOf(at)
    at = new URL(location, at)
  }
  return at
}

/** Tried until the gate listens. */
async function locationOf (url: URL): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise((resolve, reject) => {
        request(url, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } }, answer => {
          answer.resume()
          resolve(answer.headers.location ?? '')
        }).on('error', reject).end()
      })
    } catch (error) {
      if (tries === 100) throw error
      await new Promise(resolve => { setTimeout(resolve, 50) })
    }
  }
}

const providers: readonly { readonly name: string, readonly extra?: string, readonly authorize: string, readonly scope?: string, readonly more?: Readonly<Record<string, string>>, readonly secret?: false }[] = [
  { name: 'azure', extra: `{'tenant': '${TENANT}'}`, authorize: `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/authorize` },
  { name: 'azure', extra: `{'tenant_id': '${TENANT}'}`, authorize: `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/authorize` },
  { name: 'azurev2', extra: `{'tenant': '${TENANT}'}`, authorize: `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/authorize` },
  { name: 'bitbucket', authorize: 'https://bitbucket.org/site/oauth2/authorize', scope: 'account email' },
  { name: 'github', authorize: 'https://github.com/login/oauth/authorize', scope: 'read:user user:email' },
  { name: 'gitlab', extra: '{\'url\': \'gitlab.com\'}', authorize: 'https://gitlab.com/oauth/authorize' },
  { name: 'gitlab', extra: '{\'url\': \'git.example.com\'}', authorize: 'https://git.example.com/oauth/authorize' },
  { name: 'google', authorize: 'https://accounts.google.com/o/oauth2/v2/auth' },
  { name: 'google', extra: '{\'scope\': \'openid email https://www.googleapis.com/auth/drive\'}', authorize: 'https://accounts.google.com/o/oauth2/v2/auth', scope: 'openid email https://www.googleapis.com/auth/drive' },
  { name: 'okta', extra: '{\'server\': \'custom\', \'url\': \'dev-123.okta.com\'}', authorize: 'https://dev-123.okta.com/oauth2/custom/v1/authorize' },
  { name: 'okta', extra: '{\'url\': \'dev-123.okta.com\'}', authorize: 'https://dev-123.okta.com/oauth2/default/v1/authorize' },
  { name: 'auth0', extra: '{\'subdomain\': \'dev-123.us\', \'audience\': \'https://api.example.com\'}', authorize: 'https://dev-123.us.auth0.com/authorize', more: { audience: 'https://api.example.com' } },
  { name: 'generic', extra: '{\'AUTHORIZE_URL\': \'https://id.example.com/a\', \'TOKEN_URL\': \'https://id.example.com/t\', \'USER_URL\': \'https://id.example.com/u\'}', authorize: 'https://id.example.com/a' },
  { name: 'code', extra: '{\'AUTHORIZE_URL\': \'https://id.example.com/a\', \'TOKEN_URL\': \'https://id.example.com/t\', \'USER_URL\': \'https://id.example.com/u\'}', authorize: 'https://id.example.com/a', secret: false },
  { name: 'auth_code', extra: '{\'AUTHORIZE_URL\': \'https://id.example.com/a\', \'TOKEN_URL\': \'https://id.example.com/t\', \'USER_URL\': \'https://id.example.com/u\'}', authorize: 'https://id.example.com/a', secret: false }
]

t.test('each provider of the pages starts as flags, with = and with a space, and as variables, and leads to the same, right authorize URL', async t => {
  for (const [index, { name, extra, authorize, scope = 'openid email profile', more = {}, secret }] of providers.entries()) {
    const flags = `gate --oauth-provider=${name} --oauth-key='CLIENT_ID' ${secret === false ? '' : '--oauth-secret=\'CLIENT_SECRET\''} --cookie-secret='${SECRET}' --oauth-encryption-key='${KEY}' --oauth-redirect-uri=https://app.example.com/app ${extra === undefined ? '' : `--oauth-extra-params "${extra}"`}`
    const variables = `PANEL_OAUTH_PROVIDER=${name} PANEL_OAUTH_KEY=CLIENT_ID ${secret === false ? '' : 'PANEL_OAUTH_SECRET=CLIENT_SECRET'} PANEL_COOKIE_SECRET=${SECRET} PANEL_OAUTH_ENCRYPTION=${KEY} PANEL_OAUTH_REDIRECT_URI=https://app.example.com/app ${extra === undefined ? '' : `PANEL_OAUTH_EXTRA_PARAMS="${extra}"`} gate`
    const spaced = flags.replaceAll(/(--[a-z-]+)=/g, '$1 ')
    for (const line of isCi ? [index % 2 === 0 ? flags : spaced, variables] : [[flags, spaced, variables][index % 3] ?? flags]) { // a process for each costs a second
      const { authorize: url, err } = await type(t, line)
      if (!t.ok(url, err)) continue
      t.equal(`${url?.origin ?? ''}${url?.pathname ?? ''}`, authorize, `${name} ${line === variables ? 'by variables' : 'by flags'}`)
      const { state, nonce, code_challenge: challenge, ...rest } = Object.fromEntries(url?.searchParams ?? [])
      t.strictSame(rest, { response_type: 'code', client_id: 'CLIENT_ID', redirect_uri: 'https://app.example.com/app', scope, code_challenge_method: 'S256', ...more })
      t.ok(state && nonce && challenge && !err.includes('CLIENT_SECRET') && !err.includes(SECRET), 'and the secrets are not printed')
    }
  }
})

t.test('the unquoted extra params of the page, which a shell takes apart, get an error with the quoted form', async t => {
  const rest = '--oauth-provider=azure --oauth-key=k --oauth-secret=s --cookie-secret=COOKIE_SECRET'
  for (const line of [`gate ${rest} --oauth-extra-params={'tenant_id': ${TENANT}}`, `PANEL_OAUTH_EXTRA_PARAMS={'tenant_id': ${TENANT}} gate ${rest}`]) {
    const { code, err } = await type(t, line)
    t.not(code, 0, err)
    if (line.startsWith('gate')) t.match(err, /--oauth-extra-params="\{'tenant_id': '[^']+'\}"/, 'it shows how to quote it')
  }
})

t.test('the remaining lines of the pages: expiry, encryption key and redirect URI, by flag and by variable', onlyInCi('a process for each line'), async t => {
  const base = '--oauth-provider=github --oauth-key=k --oauth-secret=s --cookie-secret=COOKIE_SECRET'
  const table = [
    ['--oauth-expiry-days=0.5', 'PANEL_OAUTH_EXPIRY=0.5', /Sign-in lasts +12 hours/], [`--oauth-encryption-key=${KEY}`, `PANEL_OAUTH_ENCRYPTION=${KEY}`, /Open/],
    ['--oauth-redirect-uri=https://app.example.com', 'PANEL_OAUTH_REDIRECT_URI=https://app.example.com', /Redirect URI +https:\/\/app\.example\.com /]
  ] as const
  for (const [flag, variable, said] of table) {
    t.match((await type(t, `gate ${base} ${flag}`)).err, said, flag)
    t.match((await type(t, `${variable} gate ${base}`)).err, said, variable)
  }
})
