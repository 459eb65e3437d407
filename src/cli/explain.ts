import type { Decision } from '../access/judge.ts'
import type { TriedRule } from '../access/rules/tried.ts'
import type { Config } from '../config/options.ts'
import { explain as explained, type Explanation } from '../explanation.ts'
import type { Identity } from '../identity/identity.ts'
import { FIELDS, type Field } from '../identity/trace.ts'
import { readPerson, type ExplainFlags } from './explain-input.ts'

export interface ExplainOptions extends ExplainFlags {
  readonly path?: string | undefined
  readonly method?: string | undefined
  readonly host?: string | undefined
  readonly json?: boolean | undefined
}

/** `oauth-gate explain`: claims → identity → rule → headers, by the functions of the live gate. @throws {ConfigError} a file that cannot be used */
export function explain (config: Config, options: ExplainOptions, write: (text: string) => void = text => { process.stdout.write(text) }): number {
  const asked = { target: options.path ?? '/', method: (options.method ?? 'GET').toUpperCase(), host: options.host ?? config.publicUrl?.host ?? 'localhost' }
  const explanation = explained(config, readPerson(options, config), asked)
  write(visible(options.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : readable(explanation, `${asked.method} ${asked.target}`)))
  return 0
}

/** What claims say must neither move a terminal's cursor nor turn its text round; as JSON it stays the same text. */
function visible (text: string): string {
  return text.replace(/[^\P{C}\n]/gu, sign => sign.split('').map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''))
}

function readable (explanation: Explanation, request: string): string {
  const { steps, unread, identity, failure, conditions, refusal, rules, decision, headers, cookies, servesHost } = explanation
  const isStranger = steps.length === 0
  return [
    ...isStranger ? [section('Who they are', ['nobody: no --claims, so this is somebody without a session'])] : [section('Where each field comes from', FIELDS.flatMap(field => stepsOf(field, steps)))],
    ...unread.length > 0 ? [section('Not given here, and asked for by the gate', unread.map(([name, url]) => `${url}: give its answer as --document=${name}=FILE`))] : [],
    ...identity === null ? [] : [section('Who they are', fieldsOf(identity))],
    ...failure === null ? [] : [section('Who they are', [`nobody: the sign-in ends with ${failure.code}: ${failure.detail}`])],
    ...identity === null ? [] : [section('May they enter?', [...conditions.map(({ setting, wants, met, detail }) => `${setting}: ${wants}: ${met ? 'yes' : 'no'}, ${detail}`), refusal === null ? 'yes' : `no: ${refusal.reason}`])],
    section(`May they pass? ${request}`, [...rules.map(ruleLine), servesHost ? sentence(decision) : 'no, 421: the gate does not answer for that host (public-url, and the hosts of rules)']),
    ...headers.length > 0 ? [section('What the app is told', headers.map(([name, value]) => `${name}: ${value}`))] : [],
    ...cookies.length > 0 ? [section('Which cookies the app gets', cookieLines(cookies))] : []
  ].join('\n')
}

function cookieLines (cookies: Explanation['cookies']): string[] {
  const names = cookies.map(({ name }) => name)
  const others = names.includes('user') ? [['access_token', 'pass-access-token'], ['refresh_token', 'pass-refresh-token']] as const : []
  return [
    ...cookies.map(({ name, holds, encrypted }) => `${name}: ${holds}${encrypted ? ', encrypted with --oauth-encryption-key' : ''}`),
    ...others.filter(([name]) => !names.includes(name)).map(([name, flag]) => `${name}: not sent, without --${flag}`)
  ]
}

function section (title: string, lines: readonly string[]): string {
  return `${title}\n${lines.map(line => `  ${line}\n`).join('')}`
}

function ruleLine ({ rule, matched, missed, nearly, said, detail }: TriedRule): string {
  if (!matched) return `${rule}: not for this ${missed ?? 'request'}`
  return `${rule}${nearly === true ? ', which is nearly for this path' : ''}: ${said ?? 'says nothing'}${detail === undefined ? '' : `: ${detail}`}`
}

function stepsOf (field: Field, steps: Explanation['steps']): string[] {
  return steps.filter(step => step.field === field).map(({ source, how, value, why }, index) =>
    `${(index === 0 ? field : '').padEnd(14)}${[source, how].filter(text => text !== '').join(', ')}: ${value === undefined ? why ?? 'nothing' : JSON.stringify(value)}`)
}

function fieldsOf (identity: Identity): string[] {
  return Object.entries(identity).filter(([, value]) => !isEmpty(value)).map(([name, value]) => `${name.padEnd(14)}${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

function isEmpty (value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

function sentence (decision: Decision): string {
  switch (decision.verdict) {
    case 'admitted': return decision.anonymous ? 'yes, as anybody may' : 'yes'
    case 'sign-in': return 'not yet: they are sent to sign in'
    case 'denied': return `no, 403: ${decision.reason} (${decision.detail})`
    case 'ambiguous': return `no, 400: ${decision.detail}`
    case 'nowhere': return `no, 404: ${decision.detail}`
  }
}
