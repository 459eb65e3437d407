import { ruleName, coversRule } from '../../access/rules/listed-rules.ts'
import { parseGuestEndpoint } from '../../access/rules/guest.ts'
import { ownRoutes } from '../../own-urls.ts'
import type { Draft } from './draft.ts'
import { covers } from '../kinds/plain-path.ts'

/** What is open besides the rules is asked before them, and the gate's own pages before all. */
export const openChecks: readonly ((draft: Draft) => void)[] = [hiddenRules, idleOptional, ownPages]

function hiddenRules ({ config: { rules = [], oauthGuestEndpoints = [] }, fail }: Draft): void {
  const guests = oauthGuestEndpoints.flatMap(text => parseGuestEndpoint(text) ?? []).filter(({ isWhole }) => isWhole)
  for (const [index, rule] of rules.entries()) {
    const guest = guests.find(({ paths }) => coversRule({ path: paths.path, allow: 'optional' }, rule))
    if (guest !== undefined) fail('rules', `rules: rule ${index + 1} is for ${ruleName(rule)} and never asked, because --oauth-guest-endpoints=${guest.text} opens all of it to everyone.`, 'Take the guest endpoint out, and write rules with allow: optional for what is open, behind the narrower ones.')
  }
}

function idleOptional ({ config: { rules = [], oauthOptional }, fail }: Draft): void {
  const whole = rules.findIndex(rule => coversRule(rule, { path: '/', allow: 'optional' }))
  if (oauthOptional === true && whole >= 0) fail('oauthOptional', `--oauth-optional opens nothing, because rule ${whole + 1} is for every path.`, 'Leave it out, or take that rule out.')
}

function ownPages ({ config, fail }: Draft): void {
  const { proxyPrefix, rules = [], oauthGuestEndpoints = [] } = config
  if (proxyPrefix === undefined) return
  const { base } = ownRoutes({ ...config, proxyPrefix })
  const fix = 'Take it out: what is below --proxy-prefix is the gate’s, and never goes to the app.'
  for (const [index, { path = '/' }] of rules.entries()) {
    if (covers(base, path)) fail('rules', `rules: rule ${index + 1} is for ${path} and never asked, because the gate’s own pages are there.`, fix)
  }
  for (const text of oauthGuestEndpoints) {
    if (covers(base, parseGuestEndpoint(text)?.paths.path ?? '/')) fail('oauthGuestEndpoints', `--oauth-guest-endpoints=${text} opens nothing, because the gate’s own pages are there.`, fix)
  }
}
