// The recipe about headers, really run: with the very file of the page, somebody signs in, and the app has what the page promises.
import { createServer, type IncomingMessage } from 'node:http'
import t from 'tap'
import { people } from '../fixtures/people.ts'
import { startServer } from '../fixtures/server.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { blocksOf, fileIn, proseOf } from './markdown.ts'
import { has, serve, startStage } from './stage.ts'

const PAGE = 'docs/recipes/headers.md'

t.test('with the recipe an app is told by the headers that it knows, and a client cannot send them', async t => {
  if (!has(t, 'openssl', 'openssl')) return
  const stage = await startStage(t, { people })
  const seen: IncomingMessage[] = []
  await startServer(t, createServer((request, response) => {
    seen.push(request)
    response.end('the app')
  }), stage.ports.app)
  const parts = blocksOf(PAGE).filter(({ language, text }) => language === 'yaml' && !text.startsWith('# ')).map(({ text }) => text)
  t.equal(parts.length, 2, 'the claims and the tokens')
  const origin = `http://127.0.0.1:${stage.ports.gate}`
  stage.provider.setRedirectUris('gate', [origin])
  // What a proxy in front would make of it is another recipe's.
  const file = `${fileIn(PAGE, 'yaml', '/etc/oauth-gate/gate.yaml').replace(/^public_url.*\n/m, '')}${parts[1]}`
  await serve(t, stage, file)
  const visitor = new Visitor()
  t.equal((await visitor.signIn(`${origin}/`, 'ada')).body, 'the app')
  await visitor.ask(`${origin}/`, { headers: { 'x-webauth-user': 'mallory', Remote_User: 'mallory', 'X-Forwarded-Access-Token': 'mallory', authorization: 'Basic mallory' } })
  for (const { headers } of seen) {
    t.match(headers, {
      'x-webauth-user': 'ada', 'x-webauth-email': 'ada@example.com', 'x-webauth-role': 'Admin', 'x-forwarded-user': 'ada', 'remote-user': 'ada',
      'x-forwarded-access-token': /^[\w-]{20,}$/, authorization: /^Bearer eyJ/
    })
    t.equal(headers['x-forwarded-groups'], String(headers['remote-groups']).replaceAll(',', '|'))
    t.notMatch(JSON.stringify(headers), /mallory/)
  }
  t.equal(seen.length, 2)
  const sent = Object.keys(seen[0]?.headers ?? {})
  for (const [, name = ''] of proseOf(PAGE).matchAll(/`((?:X-WEBAUTH|Remote|X-Forwarded)-(?!For)[\w-]+)`/gi)) t.ok(sent.includes(name.toLowerCase()), `${name}, of which the page speaks, is sent`)
})
