import { shownKey } from '../names.ts'
import type { OptionName } from '../options.ts'

/** What becomes of one key of Grafana's `[auth.generic_oauth]`. */
export type KeyUse =
  | { readonly option: OptionName, readonly as: 'text' | 'list' | 'flag', /** What is to be known of this very value. */ readonly remark?: (text: string) => string | undefined }
  /** Goes on the authorization request. */
  | { readonly param: string, readonly words?: readonly string[], readonly remark?: string }
  /** Read by itself: it says whether other keys count. */
  | { readonly switch: true }
  /** Means nothing here, and nobody is let in who would not be otherwise. A flag is passed over only where it is on. */
  | { readonly passed: string, readonly flag?: true }
  /** Held somebody back, or checked something, in a way that is not the gate's. A flag is refused only where it is on. */
  | { readonly refused: string, readonly fix: string, readonly flag?: true, /** Fine where an issuer is set. */ readonly unlessIssuer?: true }

export const BLOCK = 'auth.generic_oauth'

const text = (option: OptionName): KeyUse => ({ option, as: 'text' })
const list = (option: OptionName): KeyUse => ({ option, as: 'list' })
const flag = (option: OptionName): KeyUse => ({ option, as: 'flag' })

const BY_ISSUER = 'Set --oauth-issuer to the provider’s issuer: its keys are then found, and each id_token is verified (signature, issuer, audience, nonce, time).'
const NO_ORGANIZATIONS = 'Take it out: an app behind the gate has no Grafana organizations. role_attribute_path says who has which role.'
const NO_WORKLOAD = 'Use client_secret, or leave client_authentication out.'

/** Every key there is, and what the gate makes of it. */
export const keys: Readonly<Record<string, KeyUse>> = {
  enabled: { switch: true },
  name: text('name'),
  icon: text('icon'),
  client_id: text('oauthKey'),
  client_secret: text('oauthSecret'),
  scopes: list('oauthScope'),
  empty_scopes: flag('emptyScopes'),
  auth_url: text('oauthAuthorizeUrl'),
  token_url: text('oauthTokenUrl'),
  api_url: text('oauthUserUrl'),
  auth_style: text('authStyle'),
  use_pkce: flag('usePkce'),
  use_refresh_token: flag('oauthRefreshTokens'),
  tls_client_ca: text('tlsClientCa'),
  tls_client_cert: text('tlsClientCert'),
  tls_client_key: text('tlsClientKey'),
  tls_skip_verify_insecure: flag('tlsSkipVerifyInsecure'),
  id_token_attribute_name: text('idTokenAttributeName'),
  email_attribute_name: text('emailAttributeName'),
  email_attribute_path: text('emailAttributePath'),
  login_attribute_path: text('loginAttributePath'),
  name_attribute_path: text('nameAttributePath'),
  groups_attribute_path: text('groupsAttributePath'),
  role_attribute_path: text('roleAttributePath'),
  role_attribute_strict: flag('roleAttributeStrict'),
  teams_url: text('teamsUrl'),
  team_ids_attribute_path: text('teamIdsAttributePath'),
  team_ids: list('teamIds'),
  allowed_domains: list('allowedDomains'),
  allowed_groups: list('allowedGroups'),
  allowed_organizations: list('allowedOrganizations'),
  allow_sign_up: flag('allowSignUp'),
  login_prompt: { param: 'prompt', words: ['login', 'consent', 'select_account'] },
  hosted_domain: { param: 'hd', remark: 'only asks the provider for accounts of that domain; allowed_domains is what holds others back' },
  skip_org_role_sync: { switch: true },
  allow_assign_grafana_admin: { flag: true, passed: 'GrafanaAdmin is Admin here' },
  auto_login: { flag: true, passed: 'the gate sends everybody to the provider at once, where there is only one' },
  signout_redirect_url: { option: 'oauthLogoutUrl', as: 'text', remark: text => /[?&]post_logout_redirect_uri=/.test(text) ? 'gets client_id from the gate, where Grafana adds id_token_hint: --id-token-hint does that too' : undefined },
  validate_hd: { flag: true, passed: 'Grafana looks at it with Google alone' },
  validate_id_token: { flag: true, unlessIssuer: true, refused: 'has id_tokens verified, for which the gate needs the issuer', fix: BY_ISSUER },
  jwk_set_url: { unlessIssuer: true, refused: 'names the keys of id_tokens, which the gate finds by the issuer', fix: BY_ISSUER },
  discovery_url: { unlessIssuer: true, refused: 'is read by Grafana’s settings page alone', fix: 'Set --oauth-issuer: what is before /.well-known/openid-configuration.' },
  org_mapping: { refused: 'puts people into Grafana’s organizations', fix: NO_ORGANIZATIONS },
  org_attribute_path: { refused: 'finds Grafana’s organizations', fix: NO_ORGANIZATIONS },
  client_authentication: { refused: 'chooses how the client proves itself', fix: 'Take it out, and write auth_style = InParams for client_secret_post; --auth-style=none is for a client without secret.' },
  managed_identity_client_id: { refused: 'is for a way to authenticate that the gate does not have', fix: NO_WORKLOAD },
  federated_credential_audience: { refused: 'is for a way to authenticate that the gate does not have', fix: NO_WORKLOAD },
  workload_identity_token_file: { refused: 'is for a way to authenticate that the gate does not have', fix: NO_WORKLOAD },
  send_client_credentials_via_post: { flag: true, refused: 'is of an old Grafana', fix: 'Write auth_style = InParams.' }
}

/** Keys of other sections that are read too. What only helps `%(…)s` in `root_url` has its default here. */
export const others: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  server: { root_url: '', serve_from_sub_path: '', protocol: 'http', domain: 'localhost', http_port: '3000' },
  users: { auto_assign_org_role: '' },
  auth: { signout_redirect_url: '' }
}

/**
 * What Grafana has where its configuration is silent, in so far as it is not the gate's own default. The two paths change nothing
 * about what is found where, but that it is looked for in Grafana's order.
 */
export const presets: Readonly<Partial<Record<OptionName, string>>> = {
  oauthScope: 'user:email', emailAttributeName: 'email:primary', loginAttributePath: 'username', nameAttributePath: 'name'
}

/** Below the app's origin. */
export const CALLBACK = '/login/generic_oauth'

/** What Grafana ships as `client_id`, so that a missing one is not missed there. */
export const PLACEHOLDER = 'some_id'

/** A key that is none of these, as it may be shown. */
export function shown (key: string): string {
  return shownKey(key, Object.keys(keys))
}
