import type { ParameterValues, Provider } from '../provider.ts'
import type { Kind } from './kind.ts'
import { option } from './option.ts'

/** Every setting, once. Flags, environment names, file keys, `--help`, redaction and the types below follow from it. */
export const groups = {
  server: {
    upstream: option.upstreams({ common: true, doc: 'The app, as [/path=]URL: http, https or unix:/path/to.sock[:/base].', required: true }),
    upstreamCa: option.certificates({ doc: 'Certificates that https upstreams are checked against, instead of the system’s.' }),
    upstreamSkipVerify: option.flag({ doc: 'Accept any certificate from https upstreams.', default: false }),
    upstreamTimeout: option.duration({ doc: 'How long the app may take to begin its answer: 30, 30s, 2m.', default: 60_000 }),
    passHostHeader: option.flag({ doc: 'Send the app the Host that the browser asked for.', default: true }),
    address: option.address({ common: true, doc: 'The address to listen on.', default: '127.0.0.1' }),
    port: option.integer({ common: true, doc: 'The port to listen on; 0 takes any free one.', default: 4180, min: 0, max: 65_535 }),
    publicUrl: option.origin({ common: true, doc: 'The origin that browsers see, like https://app.example.com.' }),
    unixSocket: option.socketFile({ doc: 'A unix socket to listen on, instead of address and port.' }),
    sslCertfile: option.certificates({ common: true, doc: 'A certificate chain, to serve https.', aliases: { env: ['BOKEH_SSL_CERTFILE'] } }),
    sslKeyfile: option.privateKey({ common: true, doc: 'The key of that certificate.', aliases: { env: ['BOKEH_SSL_KEYFILE'] } }),
    sslPassword: option.text({ doc: 'The passphrase of that key, if it has one.', secret: true, aliases: { env: ['BOKEH_SSL_PASSWORD'] } }),
    maxHeaderSize: option.integer({ doc: 'The bytes that the headers of a request may have.', default: 65_536, min: 4096, max: 1_048_576 }),
    prefix: option.basePath({ common: true, doc: 'A path that the app is below, and with it the gate’s own pages.', default: '/' }),
    rootPath: option.rootPath({ doc: 'What a proxy in front takes off each path; put before every address sent to a browser.', default: '/' }),
    proxyPrefix: option.ownPath({ doc: 'Where the gate’s own pages are, below the prefix.', default: '/oauth2' }),
    loginEndpoint: option.endpoint({ doc: 'One more path that begins a sign-in, as Panel’s /login; takes next.' }),
    logoutEndpoint: option.endpoint({ doc: 'One more path that signs out, as Panel’s /logout.' }),
    pingPath: option.ownPath({ doc: 'Answers whether the gate is alive.', default: '/ping' }),
    readyPath: option.ownPath({ doc: 'Answers whether the gate serves.', default: '/ready' }),
    trustedProxy: option.networks({ common: true, doc: 'Proxies whose X-Forwarded-* headers are believed.', default: [] }),
    useXheaders: option.flag({ common: true, doc: 'Believe one proxy on this machine or network about scheme and client address.', default: false }),
    allowWebsocketOrigin: option.origins({ doc: 'Other origins that may open websockets.', default: [], aliases: { env: ['BOKEH_ALLOW_WS_ORIGIN'] } })
  },
  provider: {
    oauthProvider: option.word({ common: true, doc: 'The provider that people sign in with.', required: true, aliases: { env: ['PANEL_OAUTH_PROVIDER'] } }),
    providerModule: option.text({ doc: 'A provider that is not of the gate’s own: the path of its file, or its npm package.' }),
    oauthKey: option.text({ common: true, doc: 'The client id issued by the provider.', aliases: { flags: ['client-id'], env: ['PANEL_OAUTH_KEY'] } }),
    oauthSecret: option.text({ common: true, doc: 'The client secret issued by the provider.', secret: true, aliases: { flags: ['client-secret'], env: ['PANEL_OAUTH_SECRET'] } }),
    oauthExtraParams: option.literal({ doc: 'More for the provider, as a Python dict or JSON: "{\'prompt\': \'consent\'}".', default: {}, aliases: { env: ['PANEL_OAUTH_EXTRA_PARAMS'] } }),
    oauthScope: option.words({ common: true, doc: 'What to ask for, instead of the provider’s usual scopes.', aliases: { env: ['PANEL_OAUTH_SCOPE'] } }),
    oauthIssuer: option.issuer({ common: true, doc: 'The OpenID issuer, from which all addresses follow.' }),
    oauthAuthorizeUrl: option.url({ common: true, doc: 'The provider’s authorization endpoint.', aliases: { env: ['PANEL_OAUTH_AUTHORIZE_URL'] } }),
    oauthTokenUrl: option.url({ common: true, doc: 'The provider’s token endpoint.', aliases: { env: ['PANEL_OAUTH_TOKEN_URL'] } }),
    oauthUserUrl: option.url({ common: true, doc: 'The provider’s userinfo endpoint.', aliases: { env: ['PANEL_OAUTH_USER_URL'] } }),
    oauthJwtUser: option.text({ common: true, doc: 'The claim that names the user; beats --user-key.', aliases: { env: ['PANEL_OAUTH_JWT_USER'] } }),
    name: option.text({ doc: 'What the button says people sign in with.', aliases: { flags: ['label'] } }),
    icon: option.text({ doc: 'The picture on the button, by its name in Grafana: signin, lock, users-alt and others.' }),
    userKey: option.text({ doc: 'The claim that names the user, instead of the provider’s usual one.', aliases: { env: ['PANEL_USER_KEY'] } }),
    usePkce: option.flag({ doc: 'Bind each sign-in to this gate by PKCE (S256).', default: true }),
    authStyle: option.choice(['auto', 'params', 'header', 'none'], { doc: 'How the client secret is sent to the provider.', default: 'auto' }, { autodetect: 'auto', inparams: 'params', inheader: 'header' }),
    emptyScopes: option.flag({ doc: 'Ask for no scope.', default: false }),
    idTokenAttributeName: option.text({ doc: 'The member of the token answer that holds the id_token.' }),
    teamsUrl: option.url({ doc: 'Where a person’s teams are read.' }),
    teamIdsAttributePath: option.expression({ doc: 'JMESPath to the ids of teams, in the answer of --teams-url.' }),
    tlsClientCa: option.text({ doc: 'Certificates that the provider is checked against.' }),
    tlsClientCert: option.text({ doc: 'The certificate that is shown to the provider.' }),
    tlsClientKey: option.text({ doc: 'The key of the certificate for the provider.' }),
    tlsSkipVerifyInsecure: option.flag({ doc: 'Accept any certificate from the provider.', default: false }),
    allowedTenants: option.words({ doc: 'Entra tenants, by id, whose accounts may enter and whose addresses count.' }),
    emailAttributePath: option.expression({ doc: 'JMESPath to the address, in id_token, userinfo and access token in turn; their email comes first.' }),
    emailAttributeName: option.text({ doc: 'The entry of the claim “attributes” that has the address; email:primary unless set.' }),
    loginAttributePath: option.expression({ doc: 'JMESPath to the login name; the claim login comes first, username and the address after it.' }),
    nameAttributePath: option.expression({ doc: 'JMESPath to the display name; the claims name and display_name come after it.' }),
    groupsAttributePath: option.expression({ doc: 'JMESPath to the list of groups.' }),
    roleAttributePath: option.expression({ doc: 'JMESPath to the role: None, Viewer, Editor or Admin, in any case.' }),
    roleAttributeStrict: option.flag({ doc: 'Let nobody in whom --role-attribute-path gives no valid role.', default: false }),
    defaultRole: option.choice(['None', 'Viewer', 'Editor', 'Admin'], { doc: 'The role of whom --role-attribute-path gives none; Viewer unless set.' }, { none: 'None', viewer: 'Viewer', editor: 'Editor', admin: 'Admin', grafanaadmin: 'Admin' })
  },
  signIn: {
    oauthRedirectUri: option.redirectUri({ common: true, doc: 'Where the provider sends people back to; the app’s origin unless set.', aliases: { env: ['PANEL_OAUTH_REDIRECT_URI'] } }),
    callbackPath: option.endpoint({ doc: 'The path that people come back to, below the app’s own, where no redirect URI is set; opened by itself it begins a sign-in.' }),
    providers: option.providers({ doc: 'Several providers to choose from, each with an id and its own settings.', default: [], only: 'file' })
  },
  session: {
    cookieSecret: option.text({ common: true, doc: 'What all cookies are sealed with: 32 random characters or more.', secret: true, aliases: { env: ['PANEL_COOKIE_SECRET', 'BOKEH_COOKIE_SECRET'] } }),
    oauthEncryptionKey: option.keys({ common: true, doc: 'Fernet keys for sessions; the first seals, all open.', default: [], secret: true, aliases: { env: ['PANEL_OAUTH_ENCRYPTION', 'PANEL_OAUTH_ENCRYPTION_KEY'] } }),
    oauthExpiryDays: option.days({ common: true, doc: 'How long a sign-in lasts, in days; fractions count.', default: 1, aliases: { env: ['PANEL_OAUTH_EXPIRY', 'PANEL_OAUTH_EXPIRY_DAYS'] } }),
    cookieName: option.text({ doc: 'The name of the session cookie.' }),
    cookieDomain: option.cookieDomain({ doc: 'The domain whose hosts share a sign-in.' }),
    cookiePath: option.path({ doc: 'The path below which the cookie is sent.', default: '/', aliases: { env: ['PANEL_COOKIE_PATH'] } }),
    cookieSecure: option.choice(['auto', 'on', 'off'], { doc: 'Whether cookies are for https only.', default: 'auto' }, { true: 'on', yes: 'on', 1: 'on', false: 'off', no: 'off', 0: 'off' }),
    cookieSamesite: option.choice(['lax', 'strict', 'none'], { doc: 'Whether other sites’ requests carry the cookie.', default: 'lax' })
  },
  identity: {
    allowUnverifiedEmail: option.flag({ doc: 'Believe addresses that the provider has not verified.', default: false })
  },
  access: {
    allowedDomains: option.domains({ common: true, doc: 'Let in addresses of these domains.' }),
    allowedEmails: option.emails({ common: true, doc: 'Let in these addresses.' }),
    allowedGroups: option.list({ common: true, doc: 'Let in members of one of these groups.' }),
    teamIds: option.list({ doc: 'Let in members of one of these teams.' }),
    allowedOrganizations: option.list({ doc: 'Let in members of one of these organizations.' }),
    allowSignUp: option.flag({ doc: 'Let in people who are not listed.', default: true }),
    rules: option.rules({ common: true, doc: 'Who may pass where, as a list of { path, allow }.', default: [], only: 'file' })
  },
  pages: {
    title: option.text({ common: true, doc: 'The site’s name, on each page of the gate.' }),
    logo: option.image({ doc: 'A picture for the pages: PNG, JPEG, WebP, GIF or SVG of 256 KiB at most.' }),
    support: option.contact({ common: true, doc: 'Whom visitors can ask when something fails.' }),
    authTemplate: option.errorTemplate({ doc: 'A template for the page that says who may not enter.' }),
    oauthErrorTemplate: option.errorTemplate({ doc: 'A template for sign-ins that failed; the one of --auth-template unless set.' }),
    basicLoginTemplate: option.loginTemplate({ doc: 'A template for the form that asks for a password.' }),
    logoutTemplate: option.logoutTemplate({ doc: 'A template for the page after signing out.' })
  },
  run: {
    logLevel: option.choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], { common: true, doc: 'How much is logged.', default: 'info' }, { warning: 'warn', critical: 'fatal', none: 'silent' }),
    logFormat: option.choice(['auto', 'json', 'pretty'], { doc: 'How it is written; auto is pretty on a terminal.', default: 'auto' }),
    config: option.fileName({ common: true, doc: 'A YAML or JSON file of settings, in snake_case, or Grafana’s INI.', only: 'command' }),
    grafanaEnv: option.flag({ doc: 'Take Grafana’s variables too: GF_AUTH_GENERIC_OAUTH_*, GF_SERVER_ROOT_URL.', default: false, only: 'command' })
  }
} as const

export const options = { ...groups.server, ...groups.provider, ...groups.signIn, ...groups.session, ...groups.identity, ...groups.access, ...groups.pages, ...groups.run }

type Options = typeof options
export type OptionName = keyof Options

type Value<O> = O extends Kind<infer T, unknown> ? O extends { readonly required: true } | { readonly default: unknown } ? T : T | undefined : never
type Given<O> = O extends Kind<unknown, infer In> ? In : never

/** Each setting as it was read, before what belongs to one provider is put together. */
export type Values = { readonly [Name in OptionName]: Value<Options[Name]> }

/** The settings that each provider has to itself. */
export type ProviderOption = keyof typeof groups.provider

/** The lists that one of several providers may have of its own. */
export type EntryOption = 'allowedDomains' | 'allowedEmails' | 'allowedGroups'

/** One provider, with the settings that are its own. */
export interface ProviderConfig extends Pick<Values, ProviderOption> {
  /** The name under which sessions, headers and rules know it; `oauth-provider` unless said. */
  readonly id: string
  /** What a person reads on the button. */
  readonly label: string
  readonly provider: Provider
  readonly parameters: ParameterValues
  /** Put before each user, so that two providers cannot give one name to two people. */
  readonly userPrefix?: string
  /** Who may enter by this provider, beside what holds for all. */
  readonly entry?: Partial<Pick<Values, EntryOption>>
}

/** What the gate runs with: checked, frozen, in the units its names and docs say. */
export interface Config extends Omit<Values, ProviderOption | 'providers'> {
  /** One, unless several are written in a file. */
  readonly providers: readonly [ProviderConfig, ...ProviderConfig[]]
}

/** What code may pass to `loadConfig`: text as in a flag, or what a file may hold. `undefined` is not set. */
export type Settings = { readonly [Name in OptionName]?: Given<Options[Name]> | string | undefined }
