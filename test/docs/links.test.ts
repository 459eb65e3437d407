// What a page points to is there: other pages, headings, settings, variables and codes.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import t from 'tap'
import { keys, others } from '../../src/config/grafana/keys.ts'
import { fileKeys, flagNames, gateNames, panelNames } from '../../src/config/names.ts'
import * as errors from '../../src/errors.ts'
import { anchorsOf, pages, proseOf } from './markdown.ts'

const main = new URL('../../src/cli/main.js', import.meta.url).href
/** Flags of commands that are no settings: --live, --help. */
const commandFlags = new Set(['serve', 'demo', 'check', 'explain', 'healthcheck'].flatMap(command => {
  const help = execFileSync(process.execPath, ['--input-type=module', '-e', `process.exitCode = await (await import(${JSON.stringify(main)})).main(process.argv.slice(1))`, '--', command, '--help'], { encoding: 'utf8' })
  return [...help.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(([, flag = '']) => flag)
}))
const codes = new Set(Object.values(errors).flatMap(value => 'kind' in value ? [value.kind.code as string] : []).concat('GATE_OK'))

/** Flags of other programs that a page speaks of, our scripts among them. */
const FOREIGN_FLAGS = new Set(['build-arg', 'read-only', 'cap-drop', 'security-opt', 'network', 'env-file', 'global', 'ignore-scripts', 'seed', 'seconds', 'only', 'people', 'store', 'json', 'max-semi-space-size'])
/** Words with underscores that are no keys of ours: of OAuth, of other programs, of endpoints. */
const FOREIGN = new Set(`access_denied access_token auth_code base_url client_credentials display_name email_verified expires_at handle_path id_token invalid_grant offline_access preferred_username
  proxy_pass proxy_cache auth_request redirect_uri request_id sign_in sign_out trusted_proxies userinfo_endpoint is_guest refresh_token session_expiry session_ended idle_expires_at
  fail_timeout logout_token logout_hint end_session_endpoint post_logout_redirect_uri client_secret_basic client_secret_post form_post id_token_signing_alg_values_supported login_hint
  target_link_uri c_hash at_hash`.split(/\s+/))

/** Variables of Panel's and Bokeh's that concern the app alone. */
const FOREIGN_NAMES = new Set(['PANEL_CDN', 'BOKEH_SIGN_SESSIONS', 'BOKEH_SECRET_KEY'])

/** Grafana's, which one page is about. */
const grafanaKeys = new Set([keys, ...Object.values(others)].flatMap(names => Object.keys(names)))

for (const page of pages) {
  t.test(`what ${page} points to is there`, async t => {
    const prose = proseOf(page)
    const links = [...prose.replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    for (const link of links.filter(target => !/^(?:https?|mailto):/.test(target))) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : normalize(join(dirname(page), path))
      t.ok(existsSync(target), `${link}: there is such a file`)
      if (anchor !== undefined && existsSync(target)) t.ok(anchorsOf(target).has(anchor), `${link}: there is such a heading`)
    }
    // A span of code that begins with a dash is ours; within a command of another program it is that program's.
    for (const [, flag = ''] of prose.matchAll(/`--([a-z][a-z-]*)/g)) t.ok(flagNames.has(flag) || commandFlags.has(flag) || FOREIGN_FLAGS.has(flag), `--${flag} is a setting`)
    for (const [name] of prose.matchAll(/\b(?:OAUTH_GATE|PANEL|BOKEH)_[A-Z_]*[A-Z]\b/g)) {
      t.ok(gateNames.has(name) || panelNames.has(name) || FOREIGN_NAMES.has(name), `${name} is a variable`)
    }
    for (const [code] of prose.matchAll(/\bGATE_[A-Z_]*[A-Z]\b/g)) t.ok(codes.has(code) || prose.includes(`OAUTH_${code}`), `${code} is a code`)
    if (page === 'docs/pages.md') return // whose words with underscores are the variables of templates
    for (const [, key = ''] of prose.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)) t.ok(fileKeys.has(key) || FOREIGN.has(key) || key === 'user_prefix' || (page === 'docs/grafana.md' && grafanaKeys.has(key)), `${key} is a key of the file`)
  })
}
