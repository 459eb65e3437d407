import { spawnSync } from 'node:child_process'
import t from 'tap'
import { CONTENT_SECURITY_POLICY, TEMPLATE_CONTENT_SECURITY_POLICY } from '../../src/pages/layout.ts'
import { createPages, type PagesOptions } from '../../src/pages/index.ts'
import { createTemplate } from '../../src/pages/templates.ts'
import { AccessDenied, LoginMismatch, NotFound, ProviderRefused } from '../../src/errors.ts'
import { problems, set, file } from '../config/setup.ts'

const EVIL = '<script>alert(1)</script>"\'{{ 7*7 }}'
const template = (source: string) => ({ name: 'mine.html', source })

function pages (options: Partial<PagesOptions>) {
  const failures: string[] = []
  const drawn = createPages({ assets: '/oauth2/logo/', signOutUrl: '/oauth2/sign_out', onFailure: (name, error) => { failures.push(`${name}: ${String(error)}`) }, ...options })
  return { ...drawn, failures }
}

const failed = { kind: ProviderRefused.kind, reason: `the sign-in service said ${EVIL}`, requestId: 'r-1', scene: 'sign-in', actions: [] } as const
const denied = { ...failed, kind: AccessDenied.kind, scene: 'denied' } as const
const form = { action: '/oauth2/sign_in', state: 'the-"state"', username: EVIL, problem: EVIL }

t.test('a template gets Panel’s variables, each as text', async t => {
  const { error } = pages({ title: 'Site & Co', authTemplate: template('{{ npm_cdn }}|{{ title }}|{{ error_type }}|{{ error }}|{{ error_msg }}|{{ oauth_logout_link }}|{{ nothing }}') })
  const { markup, policy } = error(failed)
  t.equal(markup, '|The sign-in service did not let you in · Site &amp; Co|Authentication Error|The sign-in service did not let you in.|The sign-in service said &lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;{{ 7*7 }}. Try again, or use another account. (GATE_PROVIDER_REFUSED, request r-1)|/oauth2/sign_out|')
  t.equal(policy, TEMPLATE_CONTENT_SECURITY_POLICY)
  t.notMatch(policy, /script-src|https?:|\*/, 'which lets no script run, and no other host in')
  t.match(error(denied).markup, /Authorization Error\|You are signed in, but/)
})

t.test('which template is shown where', async t => {
  const both = pages({ authTemplate: template('AUTH'), oauthErrorTemplate: template('OAUTH') })
  t.equal(both.error(denied).markup, 'AUTH')
  t.equal(both.error(failed).markup, 'OAUTH')
  const notFound = both.error({ ...failed, kind: NotFound.kind, scene: 'elsewhere' })
  t.match(notFound.markup, /GATE_NOT_FOUND/, 'a failure that has nothing to do with signing in is ours')
  t.equal(notFound.policy, undefined, 'with our own policy')
  t.equal(pages({ authTemplate: template('AUTH') }).error(failed).markup, 'AUTH', 'the one of the 403 stands in')
  t.match(pages({ oauthErrorTemplate: template('OAUTH') }).error(denied).markup, /GATE_ACCESS_DENIED/, 'but not the other way round')
})

t.test('a template can extend ours by Panel’s names, and fill Panel’s blocks', async t => {
  const { error, password, signedOut } = pages({
    authTemplate: template('{% extends "error.html" %}{% block extra_style %}h1 { color: teal }{% endblock %}{% block content %}<h1>Sorry: {{ error }}</h1>{{ super() }}{% endblock %}'),
    basicLoginTemplate: template('{% extends "basic_login.html" %}'), logoutTemplate: template('{% extends "logout.html" %}')
  })
  t.match(error(denied).markup, /<!DOCTYPE html>[^]*h1 \{ color: teal \}[^]*<h1>Sorry: You are signed in, but[^]*&lt;script&gt;[^]*href="\/oauth2\/sign_out"/)
  t.match(password(form).markup, /action="\/oauth2\/sign_in" method="post"><input type="hidden" name="state" value="the-&quot;state&quot;">[^]*&lt;script&gt;/)
  t.match(signedOut({ startUrl: '/oauth2/start?rd=%2F', provider: 'P' }).markup, /action="\/oauth2\/start" method="get"[^]*Successfully logged out/)
  for (const { markup } of [error(denied), password(form)]) t.notMatch(markup, /<script|49/, 'and nothing anybody sent became markup or code')
})

t.test('our state is in a template’s form, once, whoever put it there', async t => {
  const inputs = '<input name="username"><input name="password" type="password">'
  for (const source of [
    `<form method="post" action="{{ login_endpoint }}">${inputs}</form>`,
    `<form class="a>b" action='.{{ login_endpoint }}' METHOD=POST>${inputs}</form><form method="get"></form>`,
    `<form method="post">${inputs}</form>`,
    `<form method="post" action="{{ login_endpoint }}"><input type="hidden" name="state" value="{{ state }}">${inputs}</form>`
  ]) {
    const { markup } = pages({ basicLoginTemplate: template(source) }).password(form)
    t.equal(markup.split('value="the-&quot;state&quot;"').length, 2, source)
    t.notMatch(markup, '."/oauth2')
  }
})

t.test('a template that fails while it is drawn is replaced by our page, and the operator is told', async t => {
  const { error, failures } = pages({ authTemplate: template('{% if code == "GATE_LOGIN_MISMATCH" %}{{ error | dictsort }}{% endif %}fine') })
  t.equal(error(denied).markup, 'fine')
  const { markup, policy } = error({ ...failed, kind: LoginMismatch.kind })
  t.match(markup, /<main>[^]*GATE_LOGIN_MISMATCH/)
  t.equal(policy, undefined)
  t.match(failures, [/^mine\.html: .*dictsort/s])
})

t.test('what keeps a template from being used is said at start: file, line and fix', async t => {
  const cases: readonly (readonly [source: string, message: RegExp, setting?: 'basicLoginTemplate' | 'logoutTemplate'])[] = [
    ['<p>\n{{ title', /line 2, cannot be read: expected variable end\.$/],
    ['\n{% if error %}\n', /line 2, cannot be read: parseIf: expected elif, else, or endif, got end of file\.$/],
    ['\n\n{% nonsense %}', /line 3, cannot be read: unknown block tag: nonsense\.$/],
    ['\n\n{% if a b %}{% endif %}', /line 3, cannot be read/],
    ['\n{{ title | nonsense }}', /line 2, has the filter nonsense, which is not there\.$/],
    ['{% if no %}{{ title | nonsense }}{% endif %}', /line 1, has the filter nonsense/],
    ['\n{{ title | dictsort }}', /cannot be shown: .*dictsort/],
    ['{{ "".constructor.constructor("return process")() }}', /line 1, (?:looks into|calls)/],
    ['{{ title["constructor"] }}', /looks into a value/],
    ['{% set x = "constructor" %}{{ title[x] }}', /looks into a value/],
    ['{{ constructor }}', /has the name constructor/],
    ['{{ range(9) }}', /calls a function/],
    ['{% macro m() %}{% endmacro %}{% set loop = m %}{% for m in [loop.constructor] %}{{ m("return process") }}{% endfor %}', /looks into a value/],
    ['{% for a in "x" %}{{ loop["constructor"] }}{% endfor %}', /looks into a value/],
    ['{% set x = "constructor" %}{% for a in "x" %}{{ loop[x] }}{% endfor %}', /looks into a value/],
    ['{{ error_msg | safe }}', /has the filter safe/],
    ['{% filter safe %}{{ error_msg }}{% endfilter %}', /has the filter safe/],
    ['{% include "/etc/passwd" %}', /wants the template "\/etc\/passwd", which is not there/],
    ['{% extends title %}', /wants the template "title"/],
    ['{% import "../x" as x %}', /wants the template/],
    ['<h1>hi</h1>', /has no form that posts/, 'basicLoginTemplate'],
    ['<form method="post" action="https://evil.example/"><input name="username"><input name="password"></form>', /posts to “https:\/\/evil\.example\/”/, 'basicLoginTemplate'],
    ['<form method="post" action="/login"><input name="username"><input name="password"></form>', /posts to “\/login”/, 'basicLoginTemplate'],
    ['<form method="post"><input name="user"><input name="password"></form>', /has no input named username/, 'basicLoginTemplate'],
    ['<form method="post"><input name="username"><input name="password"></form><a href="/?{{ state }}">', /state .* somewhere else/, 'basicLoginTemplate']
  ]
  for (const [source, message, setting = 'authTemplate'] of cases) {
    const path = file(t, 'mine.html', source)
    const [problem, ...others] = problems(() => set({ [setting]: path }))
    t.match(problem?.message, message, source)
    t.ok(problem?.message.includes(path), 'with the file')
    t.ok((problem?.fix.length ?? 0) > 10 && others.length === 0, 'and what to do')
  }
  t.strictSame(problems(() => set({ authTemplate: file(t, 'good.html', '{% for c in "ab" %}{{ loop.index }}{{ loop.last }}{% endfor %}{% macro b(x) %}<b>{{ x }}</b>{% endmacro %}{{ b(error) }}') })), [], 'loops and macros are fine')
})

t.test('a template that is not there is refused in Panel’s words, by the name of the setting', async t => {
  for (const [setting, name] of [['authTemplate', 'auth-template'], ['basicLoginTemplate', 'basic-login-template'], ['logoutTemplate', 'logout-template'], ['oauthErrorTemplate', 'oauth-error-template']] as const) {
    t.match(problems(() => set({ [setting]: 'nope.html' })), [{ setting: name, message: new RegExp(`The supplied ${name} nope\\.html does not exist, ensure you supply and existing Jinja2 template\\.$`) }])
  }
  const latin = file(t, 'latin.html', '')
  t.match(problems(() => set({ authTemplate: latin.replace(/[^/]*$/, '') })), [{ message: /is a folder/ }])
})

t.test('without a template the engine is never loaded', async t => {
  const gate = JSON.stringify(new URL('../../src/gate.js', import.meta.url))
  const loaded = `Object.keys(createRequire(import.meta.url).cache).filter(path => path.includes('nunjucks')).length`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', `import { createRequire } from 'node:module'; await import(${gate}); const before = ${loaded}; createRequire(${gate})('nunjucks'); console.log(before, ${loaded} > 0)`], { encoding: 'utf8' })
  t.equal(stdout, '0 true\n')
  t.match(pages({}).error(failed).markup, /&lt;script&gt;/)
  t.ok(CONTENT_SECURITY_POLICY.includes('\'sha256-') && !CONTENT_SECURITY_POLICY.includes('unsafe'), 'and our own pages need no inline style that is not theirs')
})

t.test('no filter lets a text that was escaped vouch for one that was not', t => {
  const stranger = '"><script>alert(1)</script>'
  const values = { title: 'T', error_type: 'E', error: stranger, error_msg: stranger, oauth_logout_link: '/', code: 'C', request_id: 'R', support_link: '/' }
  const sources = ['{{ ("@" | e) | replace("@", error_msg) }}', '{{ ("long" | e) | truncate(1, true, error_msg) }}', '{{ error_msg | e | replace("&lt;", "<") }}', '{% macro m() %}@{% endmacro %}{{ m() | replace("@", error_msg) }}',
    '{{ error_msg | e | nl2br }}', '{{ error_msg | striptags }}', '{{ [error_msg, "x" | e] | join("<b>" | e) }}', '{{ "<" | e ~ error_msg }}', '{% filter replace("@", error_msg) %}@{% endfilter %}', '{% set x %}{{ error_msg }}{% endset %}{{ x }}']
  for (const source of sources) t.notMatch(createTemplate('error', source, '/')(values), /<script|<b>/, source)
  t.equal(createTemplate('error', '{{ title | replace("T", "<") }}{{ nothing | replace("a", "b") }}', '/')(values), '&lt;', 'and what is not there is nothing')
  t.end()
})
