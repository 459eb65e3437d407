import { findProvider, providers } from '../../providers/index.ts'
import type { Provider } from '../provider.ts'
import type { Draft } from './draft.ts'
import { flagOf, nearest, optionNames } from './names.ts'

/** What the choice of a provider asks of the other settings. */
export const providerChecks: readonly ((draft: Draft) => void)[] = [known, needs, key, secret]

function known ({ config: { oauthProvider }, missing, fail }: Draft): void {
  const names = providers.flatMap(provider => [provider.name, ...provider.aliases ?? []])
  const list = `Known are ${names.join(', ')}.`
  if (missing('oauthProvider')) fail('oauthProvider', 'There is no --oauth-provider: who signs people in.', list)
  if (oauthProvider === undefined || findProvider(oauthProvider) !== undefined) return
  if (oauthProvider === 'pam') return fail('oauthProvider', 'The provider pam is not offered: it needs the accounts of the machine Panel runs on.', `Use password for a form that asks a provider’s token endpoint. ${list}`)
  const near = nearest(oauthProvider, names)
  fail('oauthProvider', `There is no provider “${oauthProvider}”.`, near === undefined ? list : `Did you mean ${near}? ${list}`)
}

/** `a|b` asks for one of the two. */
function needs ({ config: { oauthProvider }, missing, fail }: Draft): void {
  for (const need of providerOf(oauthProvider)?.requires ?? []) {
    const options = need.split('|').map(name => optionNames.find(option => option === name)).filter(option => option !== undefined)
    const [first] = options
    if (first === undefined || !options.every(missing)) continue
    const flags = options.map(option => `--${flagOf(option)}`)
    fail(options.at(-1) ?? first, `The provider ${oauthProvider} needs ${flags.join(' or ')}.`, `Add ${flags.map(flag => `${flag}=${flag.endsWith('key') ? '…' : 'https://…'}`).join(', or ')}.`)
  }
}

// This sentence and the next are Panel's.
function key ({ missing, fail }: Draft): void {
  if (missing('oauthKey')) fail('oauthKey', 'When enabling an OAuth provider you must supply a valid oauth_key either using the --oauth-key CLI argument or PANEL_OAUTH_KEY environment variable.', 'Add --oauth-key (or --client-id), which the provider issued when the app was registered there.')
}

function secret ({ config: { oauthProvider, authStyle }, missing, fail }: Draft): void {
  const provider = providerOf(oauthProvider)
  if (provider === undefined || authStyle === undefined || !missing('oauthSecret')) return
  const isSent = authStyle === 'auto' ? provider.secret === 'sent' : authStyle !== 'none'
  if (isSent) fail('oauthSecret', 'When enabling an OAuth provider you must supply a valid OAuth secret either using the --oauth-secret CLI argument or PANEL_OAUTH_SECRET environment variable.', 'Add --oauth-secret or, so that it is in no process list, --oauth-secret-file. A client without secret wants --auth-style=none.')
}

function providerOf (name: string | undefined): Provider | undefined {
  return name === undefined ? undefined : findProvider(name)
}
