// Whoever is refused reads in plain words what was missing, and the log has every step under the request id of that page.
import t from 'tap'
import { startGate, type LogLine } from '../fixtures/gate.ts'
import { Visitor } from '../fixtures/visitor.ts'

const requestId = (body: string): string => /request ([\w-]+)</.exec(body)?.[1] ?? 'none'

t.test('who may not enter: the page says what was missing, the log how each field was found and which condition failed', async t => {
  const log: LogLine[] = []
  const { origin, app } = await startGate(t, { log, settings: { allowedDomains: ['example.com'], allowedGroups: ['analysts'], groupsAttributePath: 'groups', roleAttributePath: 'groups[0]' } })
  const page = await new Visitor().signIn(`${origin}/`, 'cleo')
  t.match(page, { status: 403, body: /this site is for the group analysts[^]*Use another account/i })
  t.match(page.body, /href="[^"]*prompt=select_account/)
  const [line, ...more] = log.filter(({ event }) => event === 'login.denied')
  t.strictSame(more, [])
  t.equal(line?.['reqId'], requestId(page.body))
  t.match(line, { user: 'cleo@example.com', detail: /in none of allowed-groups/ })
  const trace = (line?.['trace'] as string[]).join('\n')
  t.match(trace, /groups: id_token, groups-attribute-path \(groups\): \["staff"\]/)
  t.match(trace, /role: id_token, role-attribute-path \(groups\[0\]\): "staff" is no role[^]*role: a default: "Viewer"/)
  t.match(line?.['conditions'], [{ setting: 'allowed-domains', met: true }, { setting: 'allowed-groups', met: false, wants: 'the group analysts' }])
  t.equal(app.received.length, 0)
})

t.test('who may not pass: the page names the group, the log every rule that was tried', async t => {
  const log: LogLine[] = []
  const { origin, app } = await startGate(t, { log, settings: { rules: [{ path: '/static', allow: 'public' }, { path: '/reports', allow: { groups: ['analysts'] } }, { path: '/', allow: 'signed-in' }] } })
  const visitor = new Visitor()
  await visitor.signIn(`${origin}/`, 'cleo')
  const before = app.received.length
  const page = await visitor.navigate(`${origin}/reports/q3`)
  t.match(page, { status: 403, body: /this page needs the group analysts[^]*Use another account/i })
  const line = log.find(({ event, code }) => event === 'request.refused' && code === 'GATE_ACCESS_DENIED')
  t.equal(line?.['reqId'], requestId(page.body))
  t.match(line?.['rules'], [{ rule: 'the rule for /static', matched: false, missed: 'path' }, { rule: 'the rule for /reports', matched: true, said: 'refuses' }])
  t.equal(app.received.length, before)
  t.equal((await visitor.navigate(`${origin}/other`)).status, 200, 'and the session stays')
})

t.test('who gets no identity: the log says where it was looked for', async t => {
  const log: LogLine[] = []
  const { origin } = await startGate(t, { log, settings: { roleAttributePath: 'position', roleAttributeStrict: true } })
  const page = await new Visitor().signIn(`${origin}/`, 'ada')
  t.equal(page.status, 403)
  const line = log.find(({ event }) => event === 'login.traced')
  t.equal(line?.['reqId'], requestId(page.body))
  t.match((line?.['trace'] as string[]).join('\n'), /role: id_token, role-attribute-path \(position\): nothing\nrole: userinfo, role-attribute-path \(position\): nothing[^]*role-attribute-strict allows none/)
})
