import type { ParameterValues, Provider } from '../provider.ts'
import type { Kind } from './kinds/kind.ts'
import { option } from './option.ts'

/** Every setting, once. Flags, environment names, file keys, `--help`, redaction and the types below follow from it. */
export const groups = {
  server: {
    upstream: option.upstreams({ common: true, doc: 'The app, as [/path=]URL: http, https or unix:/path/to.sock[:/base].', required: true }),
    app: option.choice(['panel', 'bokeh'], { common: true, doc: 'What the app is made with; sets what it wants where nobody has.' }),
    upstreamCa: option.certificates({ doc: 'Certificates that https upstreams are checked against, instead of the system’s.' }),
    upstreamSkipVerify: option.flag({ doc: 'Accept any certificate from https upstreams.', default: false }),
    upstreamTimeout: option.duration({ doc: 'How long the app may take to begin its answer: 30, 30s, 2m.', default: 60_000 }),
    passHostHeader: option.flag({ doc: 'Send the app the Host that the browser asked for.', default: true }),
    address: option.address({ common: true, doc: 'The address to listen on.', default: '127.0.0.1' }),
    port: option.integer({ common: true, doc: 'The port to listen on; 0 takes any free one.', default: 4180, min: 0, max: 65_535 }),
    workers: option.count({ doc: 'Processes that serve together; auto is one for each core.', default: 1, max: 256 }),
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
    allowWebsocketOrigin: option.origins({ doc: 'Other origins whose pages may open websockets, and embed an app of Bokeh’s.', default: [], aliases: { env: ['BOKEH_ALLOW_WS_ORIGIN'] } }),
    whitelistDomain: option.returnHosts({ doc: 'Other hosts that a sign-in or sign-out may lead to: host[:port], .example.com for those below it.', default: [] }),
    websocketOrigin: option.choice(['preserve', 'rewrite', 'bokeh'], { doc: 'The Origin of websockets that the app sees: the browser’s, its own, or what Bokeh takes.', default: 'preserve' })
  },
  provider: {
    oauthProvider: option.word({ common: true, doc: 'The provider that people sign in with.', required: true, aliases: { env: ['PANEL_OAUTH_PROVIDER'] } }),
    providerModule: option.text({ doc: 'A provider that is not of the gate’s own: the path of its file, or its npm package.' }),
    basicAuth: option.basicAuth({ doc: 'Instead of a provider: a password, or a file of people and theirs (JSON or htpasswd); hashes are better.', secret: true, aliases: { env: ['PANEL_BASIC_AUTH'] } }),
    oauthKey: option.text({ common: true, doc: 'The client id issued by the provider.', aliases: { flags: ['client-id'], env: ['PANEL_OAUTH_KEY'] } }),
    oauthSecret: option.text({ common: true, doc: 'The client secret issued by the provider.', secret: true, aliases: { flags: ['client-secret'], env: ['PANEL_OAUTH_SECRET'] } }),
    oauthExtraParams: option.literal({ doc: 'More for the provider, as a Python dict or JSON: "{\'prompt\': \'consent\'}".', default: {}, aliases: { env: ['PANEL_OAUTH_EXTRA_PARAMS'] } }),
    oauthScope: option.words({ common: true, doc: 'What to ask for, instead of the provider’s usual scopes.', aliases: { env: ['PANEL_OAUTH_SCOPE'] } }),
    oauthIssuer: option.issuer({ common: true, doc: 'The OpenID issuer, from which all addresses follow.' }),
    oauthAuthorizeUrl: option.url({ common: true, doc: 'The provider’s authorization endpoint.', aliases: { env: ['PANEL_OAUTH_AUTHORIZE_URL'] } }),
    oauthTokenUrl: option.url({ common: true, doc: 'The provider’s token endpoint.', aliases: { env: ['PANEL_OAUTH_TOKEN_URL'] } }),
    oauthUserUrl: option.url({ common: true, doc: 'The provider’s userinfo endpoint.', aliases: { env: ['PANEL_OAUTH_USER_URL'] } }),
    oauthLogoutUrl: option.url({ doc: 'Where the provider signs people out, if it is not what discovery says.', aliases: { env: ['PANEL_OAUTH_LOGOUT_URL'] } }),
    oauthJwtUser: option.text({ doc: 'The claim that names the user; beats --user-key.', aliases: { env: ['PANEL_OAUTH_JWT_USER'] } }),
    name: option.text({ doc: 'What the button says people sign in with.', aliases: { flags: ['label'] } }),
    icon: option.text({ doc: 'The picture on the button, by its name in Grafana: signin, lock, users-alt and others.' }),
    userKey: option.text({ doc: 'The claim that names the user, instead of the provider’s usual one.', aliases: { env: ['PANEL_USER_KEY'] } }),
    usePkce: option.flag({ doc: 'Bind each sign-in to this gate by PKCE (S256).', default: true }),
    authStyle: option.choice(['auto', 'params', 'header', 'none'], { doc: 'How the client secret is sent to the provider.', default: 'auto' }, { autodetect: 'auto', inparams: 'params', inheader: 'header' }),
    emptyScopes: option.flag({ doc: 'Ask for no scope at all, and send no such parameter.', default: false }),
    tlsClientCa: option.certificates({ doc: 'Certificates that the provider is checked against, instead of the system’s.' }),
    tlsClientCert: option.certificates({ doc: 'The certificate that the provider asks of its clients.' }),
    tlsClientKey: option.privateKey({ doc: 'The private key of --tls-client-cert, without a passphrase.' }),
    tlsSkipVerifyInsecure: option.flag({ doc: 'Accept any certificate from the provider: whoever is on the way can sign in as anybody.', default: false }),
    allowedTenants: option.words({ doc: 'Entra tenants, by id, whose accounts may enter and whose addresses count.' }),
    idTokenAttributeName: option.text({ doc: 'The field of the token response with the id_token; access_token has the access token’s claims come first.' }),
    emailAttributePath: option.expression({ doc: 'JMESPath to the address, in id_token, userinfo and access token in turn; their email comes first.' }),
    emailAttributeName: option.text({ doc: 'The entry of the claim “attributes” that has the address; email:primary unless set.' }),
    loginAttributePath: option.expression({ doc: 'JMESPath to the login name; the claim login comes first, username and the address after it.' }),
    nameAttributePath: option.expression({ doc: 'JMESPath to the display name; the claims name and display_name come after it.' }),
    groupsAttributePath: option.expression({ doc: 'JMESPath to the list of groups.' }),
    roleAttributePath: option.expression({ doc: 'JMESPath to the role: None, Viewer, Editor or Admin, in any case.' }),
    roleAttributeStrict: option.flag({ doc: 'Let nobody in whom --role-attribute-path gives no valid role.', default: false }),
    teamsUrl: option.url({ doc: 'Where the provider lists somebody’s teams; /teams below --oauth-user-url unless set.' }),
    teamIdsAttributePath: option.expression({ doc: 'JMESPath to the ids of the teams, in the answer of --teams-url.' }),
    grafanaCompat: option.flag({ doc: 'Read claims with Grafana’s oddities: names in any case, odd sources left out, a role by an empty list of groups.', default: false }),
    defaultRole: option.role({ doc: 'The role of whom --role-attribute-path gives none; Viewer unless set.' }),
    claim: option.claims({ doc: 'A claim to keep with the session, by JMESPath over the claims; headers and rules know it as claims.NAME.', default: [] })
  },
  signIn: {
    oauthRedirectUri: option.redirectUri({ common: true, doc: 'Where the provider sends people back to; the app’s origin unless set.', aliases: { env: ['PANEL_OAUTH_REDIRECT_URI'] } }),
    signOutAtProvider: option.choice(['offer', 'always', 'never'], { doc: 'Whether signing out offers to sign out at the provider too, always goes on to it, or neither.', default: 'offer' }),
    postLogoutRedirectUri: option.redirectUri({ doc: 'Where the provider sends back who signed out there, as registered: https://app.example.com/oauth2/signed_out.' }),
    idTokenHint: option.flag({ doc: 'Tell the provider by the id_token who signs out, so that it need not ask; it is kept for that, and sent in an address.', default: false }),
    callbackPath: option.endpoint({ doc: 'The path that people come back to, below the app’s own, where no redirect URI is set; opened by itself it begins a sign-in.' }),
    providers: option.providers({ doc: 'Several providers to choose from, each with an id and its own settings.', default: [], only: 'file' })
  },
  session: {
    cookieSecret: option.text({ common: true, doc: 'What all cookies are sealed with: 32 random characters or more.', secret: true, aliases: { env: ['PANEL_COOKIE_SECRET', 'BOKEH_COOKIE_SECRET'] } }),
    oauthEncryptionKey: option.keys({ common: true, doc: 'Fernet keys for sessions; the first seals, all open.', default: [], secret: true, aliases: { env: ['PANEL_OAUTH_ENCRYPTION', 'PANEL_OAUTH_ENCRYPTION_KEY'] } }),
    oauthExpiryDays: option.days({ common: true, doc: 'How long a sign-in lasts, in days; fractions count.', default: 1, aliases: { env: ['PANEL_OAUTH_EXPIRY', 'PANEL_OAUTH_EXPIRY_DAYS'] } }),
    sessionIdle: option.timeOrOff({ doc: 'How long somebody may do nothing before they are signed out: 30m, 8h; counted at most once a minute.', default: Infinity, least: 1 }),
    wsGrace: option.timeOrOff({ doc: 'How long a websocket may stay open after its session has ended; off: as long as it likes.', default: 0, least: 0 }),
    oauthRefreshTokens: option.flag({ doc: 'Renew the provider’s tokens before they end, and ask it again who the person is; its refusal ends the session.', default: false, aliases: { env: ['PANEL_OAUTH_REFRESH_TOKENS'] } }),
    sessionStore: option.sessionStore({ doc: 'Where sessions are: in their cookies, the memory of the gate, or a Redis: redis://HOST:6379.', default: 'cookie', secret: true }),
    revocationStore: option.redis({ doc: 'A Redis by which a sign-out holds in all gates, and after a restart, where sessions are in cookies.', secret: true }),
    storeCa: option.certificates({ doc: 'Certificates that a store with rediss:// is checked against, instead of the system’s.' }),
    storeCert: option.certificates({ doc: 'The certificate that a store with rediss:// asks of its clients.' }),
    storeKey: option.privateKey({ doc: 'The private key of --store-cert, without a passphrase.' }),
    cookieName: option.text({ doc: 'The name of the session cookie.' }),
    cookieDomain: option.cookieDomain({ doc: 'The domain whose hosts share a sign-in.' }),
    cookiePath: option.path({ doc: 'The path below which the cookie is sent.', default: '/', aliases: { env: ['PANEL_COOKIE_PATH'] } }),
    cookieSecure: option.choice(['auto', 'on', 'off'], { doc: 'Whether cookies are for https only.', default: 'auto' }, { true: 'on', yes: 'on', 1: 'on', false: 'off', no: 'off', 0: 'off' }),
    cookieSamesite: option.choice(['lax', 'strict', 'none'], { doc: 'Whether other sites’ requests carry the cookie.', default: 'lax' })
  },
  identity: {
    allowUnverifiedEmail: option.flag({ doc: 'Believe addresses that the provider has not verified.', default: false })
  },
  headers: {
    upstreamIdentity: option.choice(['headers', 'panel-cookies'], { doc: 'How the app learns who somebody is: by headers, or by Panel’s cookies too, signed with --cookie-secret.', default: 'headers' }),
    appEncryption: option.choice(['auto', 'yes', 'no'], { doc: 'Whether a Panel app opens its cookies with --oauth-encryption-key, its own key too; auto: yes where there is one.', default: 'auto' }, { true: 'yes', on: 'yes', 1: 'yes', false: 'no', off: 'no', 0: 'no' }),
    header: option.headers({ doc: 'A header for the app, by JMESPath over the identity: X-WEBAUTH-USER=login.', default: [], aliases: { flags: ['headers'] } }),
    passAccessToken: option.flag({ doc: 'Send the app the access token, as X-Forwarded-Access-Token.', default: false }),
    passRefreshToken: option.flag({ doc: 'Send a Panel app the refresh token, as pn.state.refresh_token; needs --upstream-identity=panel-cookies.', default: false }),
    passAuthorizationHeader: option.flag({ doc: 'Send the app the id_token, as Authorization: Bearer; a client’s own Authorization is dropped.', default: false })
  },
  access: {
    allowedDomains: option.domains({ common: true, doc: 'Let in addresses of these domains.' }),
    allowedEmails: option.emails({ common: true, doc: 'Let in these addresses.' }),
    allowedEmailsFile: option.emailsFile({ doc: 'A file with more addresses to let in, one a line; read again whenever it changes.' }),
    allowedGroups: option.list({ common: true, doc: 'Let in members of one of these groups.' }),
    allowedRoles: option.roles({ doc: 'Let in whom --role-attribute-path gives one of these roles.' }),
    teamIds: option.words({ doc: 'Let in members of one of these teams, by their ids at the provider.' }),
    allowedOrganizations: option.list({ doc: 'Let in members of one of these organizations.' }),
    allowSignUp: option.flag({ doc: 'Let in others than those whose addresses are listed; off, no domain lets anybody in.', default: true }),
    oauthOptional: option.flag({ doc: 'Open to everyone whatever no rule is for; the app is told who is signed in.', default: false, aliases: { env: ['PANEL_OAUTH_OPTIONAL'] } }),
    oauthGuestEndpoints: option.guestEndpoints({ doc: 'Pages that need no sign-in; /pub/* is all below /pub.', default: [], aliases: { env: ['PANEL_OAUTH_GUEST_ENDPOINTS'] } }),
    skipAuthRoute: option.skipRoutes({ doc: 'Paths that need no sign-in: GET=^/files/[^/]+$, in Go’s syntax.', default: [], aliases: { flags: ['skip-auth-routes'] } }),
    rules: option.rules({ common: true, doc: 'Who may pass where, as a list of { path, host, methods, allow, reason }.', default: [], only: 'file' })
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

export const options = { ...groups.server, ...groups.provider, ...groups.signIn, ...groups.session, ...groups.identity, ...groups.headers, ...groups.access, ...groups.pages, ...groups.run }

type Options = typeof options
export type OptionName = keyof Options

type Value<O> = O extends Kind<infer T, unknown> ? O extends { readonly required: true } | { readonly default: unknown } ? T : T | undefined : never
type Given<O> = O extends Kind<unknown, infer In> ? In : never

/** Each setting as it was read, before what belongs to one provider is put together. */
export type Values = { readonly [Name in OptionName]: Value<Options[Name]> }

/** The settings that each provider has to itself. */
export type ProviderOption = keyof typeof groups.provider

/** The lists that one of several providers may have of its own. */
export type EntryOption = 'allowedDomains' | 'allowedEmails' | 'allowedEmailsFile' | 'allowedGroups' | 'allowedRoles' | 'teamIds' | 'allowedOrganizations'

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
