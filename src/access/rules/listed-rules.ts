import { refuseBy, whoPasses } from './conditions.ts'
import { parseGuestEndpoint } from './guest.ts'
import { everyPath, parsePrefix } from './prefix.ts'
import type { Allow, ListedRule, Rule, RuleConfig } from './rule.ts'
import { coversScope, scopeOf, type Scope } from './scope.ts'
import type { SkipRoute } from './skip-route.ts'

const nobody: Rule = {
  name: 'no rule',
  open: false,
  anonymous: false,
  refuse: () => ({ reason: 'this page is open to nobody', detail: 'no rule covers the path' })
}
/** Asked where no other is. */
export const last: ListedRule = listed(nobody, { paths: everyPath }, '')
/** Whether a rule that stands before another leaves it nothing. */
export function coversRule (earlier: RuleConfig, later: RuleConfig): boolean {
  return coversScope(scopeOfRule(earlier), scopeOfRule(later))
}

/** `/admin`, `POST /admin at app.example.com`. */
export function ruleName ({ path = '/', host, methods }: RuleConfig): string {
  return `${methods === undefined ? '' : `${methods.join(', ')} `}${path}${host === undefined ? '' : ` at ${host.join(', ')}`}`
}

function listed (rule: Rule, scope: Scope, sentence: string, isWhole = true): ListedRule {
  return { ...scope, rule, alone: [rule], sentence, isWhole }
}

function opening (name: string, scope: Scope, what: string, isWhole: boolean): ListedRule {
  return listed({ name, open: true, anonymous: false, refuse: () => null }, scope, `Open to everyone: ${what}; the app is told who is signed in.`, isWhole)
}

export const optionalRule = opening('oauth-optional', { paths: everyPath }, 'everything that no rule above is for', true)

export function skipRule ({ text, method, negated, covers }: SkipRoute): ListedRule {
  const paths = { ...everyPath, path: text, covers, coversFolded: () => false, isBelowFolded: () => false }
  const what = `${method === undefined ? '' : `${named([method])} of `}each path that ${negated ? 'does not match' : 'is'} ${text.replace(/^[A-Za-z-]*!?=/, '')} (skip-auth-route)`
  return opening(`the skip-auth-route ${text}`, scopeOf(paths, undefined, method === undefined ? undefined : [method]), what, false)
}

export function guestRule (text: string): ListedRule {
  const guest = parseGuestEndpoint(text)
  if (guest === null) throw new TypeError(`a guest endpoint must begin with / and have one reading: ${text}`)
  const { paths, isWhole } = guest
  const what = isWhole ? everythingBelow(paths.path) : `${paths.path} itself, and ws, metadata and autoload.js directly below it`
  return opening(`the guest endpoint ${guest.text}`, { paths }, `${what} (guest endpoint)`, isWhole)
}

/** Of rules that are compared with each other, thousands of times where there are many. */
const scopes = new WeakMap<RuleConfig, Scope>()

function scopeOfRule (config: RuleConfig): Scope {
  const known = scopes.get(config)
  if (known !== undefined) return known
  const scope = readScope(config)
  scopes.set(config, scope)
  return scope
}

function readScope ({ path = '/', host, methods }: RuleConfig): Scope {
  const prefix = parsePrefix(path)
  if (prefix === null) throw new TypeError(`the path of a rule must begin with / and have one reading: ${path}`)
  return scopeOf(prefix, host, methods)
}

export function configuredRule (config: RuleConfig): ListedRule {
  const { host, methods, allow, reason } = config
  const scope = scopeOfRule(config)
  const name = `the rule for ${ruleName({ ...config, path: scope.paths.path })}`
  const what = `${methods === undefined ? '' : `${named(methods)} of `}${everythingBelow(scope.paths.path)}${host === undefined ? '' : ` at ${host.join(' and ')}`}`
  const refuse = typeof allow === 'string' ? () => null : refuseBy(name, allow, reason)
  return listed({ name, open: allow === 'public' || allow === 'optional', anonymous: allow === 'public', refuse }, scope, sentenceOf(what, allow))
}

function sentenceOf (what: string, allow: Allow): string {
  if (allow === 'public') return `Open to everyone: ${what}; the app is told of nobody.`
  if (allow === 'optional') return `Open to everyone: ${what}; the app is told who is signed in.`
  return `${what.charAt(0).toUpperCase()}${what.slice(1)} is open to ${allow === 'signed-in' ? 'whoever is signed in' : whoPasses(allow)}.`
}

function everythingBelow (path: string): string {
  return path === '/' ? 'everything' : `${path} and everything below`
}

function named (methods: readonly string[]): string {
  return methods.flatMap(method => method === 'GET' && !methods.includes('HEAD') ? ['GET', 'HEAD'] : [method]).join(', ')
}
