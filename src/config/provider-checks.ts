import { findProvider, providers } from '../../providers/index.ts'
import type { Provider } from '../provider.ts'
import type { Draft } from './draft.ts'
import { flagOf, nearest, optionNames } from './names.ts'

// Panel's providers that are reached by a general one here, and how. A name that a provider has is never looked up.
const entra = 'Use oidc with --oauth-issuer=https://login.microsoftonline.com/TENANT/v2.0, where TENANT is the directory id.'
const general: ReadonlyMap<string, string> = new Map([
  ['auth0', 'Use oidc with --oauth-issuer=https://SUBDOMAIN.auth0.com/ with the slash at its end.'],
  ['azure', entra], ['azurev1', entra], ['azurev2', entra], ['entra', entra],
  ['bitbucket', 'Use generic with --oauth-authorize-url=https://bitbucket.org/site/oauth2/authorize, --oauth-token-url=https://bitbucket.org/site/oauth2/access_token, --oauth-user-url=https://api.bitbucket.org/2.0/user and --oauth-jwt-user=username.'],
  ['github', 'Use generic with --oauth-authorize-url=https://github.com/login/oauth/authorize, --oauth-token-url=https://github.com/login/oauth/access_token, --oauth-user-url=https://api.github.com/user, --oauth-scope=read:user and --oauth-jwt-user=login.'],
  ['gitlab', 'Use oidc with --oauth-issuer=https://gitlab.com, or the address of your own GitLab.'],
  ['google', 'Use oidc with --oauth-issuer=https://accounts.google.com.'],
  ['okta', 'Use oidc with --oauth-issuer=https://YOURS.okta.com/oauth2/default, or without /oauth2/default for the organization itself.']
])

/** What the choice of a provider asks of the other settings. */
export const providerChecks: readonly ((draft: Draft) => void)[] = [known, needs, key, secret]

function known ({ config: { oauthProvider }, missing, fail }: Draft): void {
  const names = providers.flatMap(provider => [provider.name, ...provider.aliases ?? []])
  const list = `Known are ${names.join(', ')}.`
  if (missing('oauthProvider')) fail('oauthProvider', 'There is no --oauth-provider: who signs people in.', list)
  if (oauthProvider === undefined || findProvider(oauthProvider) !== undefined) return
  if (oauthProvider === 'pam') return fail('oauthProvider', 'The provider pam is not offered: it needs the accounts of the machine Panel runs on.', `Use password for a form that asks a provider’s token endpoint. ${list}`)
  const instead = general.get(oauthProvider)
  if (instead !== undefined) return fail('oauthProvider', `Panel’s provider ${oauthProvider} is not in this version of oauth-gate by that name.`, instead)
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
