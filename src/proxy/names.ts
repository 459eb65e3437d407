/**
 * What becomes of a header by its name. `drop` never goes on, `keep` does as it is; the others are handled one by one.
 * Names are compared after lower-casing and reading every other character as `-`, because that is what CGI, WSGI, Rack and
 * PHP make of them: to such an app `X_Forwarded.User` is `X-Forwarded-User`.
 */
export interface KnownName {
  readonly kind: 'drop' | 'keep' | 'host' | 'cookie' | 'connection'
  readonly normal: string
}

/** Belong to one connection (RFC 9110 §7.6.1), or promise on the client's behalf what only we can keep (§10.1.1, §6.5). */
const hop = new Set(words(`
  connection keep-alive te trailer trailers transfer-encoding upgrade expect http2-settings`))

/** Single names by which gates, proxies, load balancers and platforms say who somebody is, or from where and how they came. */
const spoofable = new Set(words(`
  proxy forwarded forwarded-for forwarded-host forwarded-proto x-forwarded x-forward-for x-forwarded-for front-end-https
  client-ip client-cert client-cert-chain true-client-ip x-client-ip x-cluster-client-ip x-originating-ip x-scheme x-url-scheme
  x-host x-script-name x-rewrite-url x-http-host-override x-http-method x-http-method-override x-method-override
  x-method -method method-override http-method-override x-http-verb x-tunnel-method x-tunneled-method x-requested-method
  x-user x-username x-userid x-userinfo x-login x-email x-mail x-group x-groups x-role x-roles x-subject x-id-token x-jwt-assertion
  x-auth x-auth-user x-auth-username x-auth-userid x-auth-id x-auth-name x-auth-email x-auth-subject x-auth-group x-auth-groups
  x-auth-role x-auth-roles x-auth-expiresin x-anonymous-consumer x-endpoint-api-userinfo x-apigateway-api-userinfo
  x-client-cert x-client-dn x-client-s-dn x-client-verify x-arr-clientcert wl-proxy-client-ip wl-proxy-client-cert
  cf-ipcountry cf-pseudo-ipv4 cf-visitor fastly-client-ip fly-client-ip x-azure-clientip x-azure-socketip x-streamlit-user
  eppn affiliation unscoped-affiliation primary-affiliation entitlement persistent-id targeted-id ismemberof givenname displayname cn sn uid mail
  auth-user auth-type auth-password auth-mail auth-email auth-name auth-cn auth-groups auth-roles logon-user gap-auth
  username userid user-id user-name user-email user-groups user-role user-roles groups roles x-authenticated x-remote x-identity x-rh-identity
  x-principal x-uid x-upn x-sub x-scope-orgid x-proxiedentitieschain x-iisnode-logon-user x-iisnode-auth-user x-amzn-request-context x-amzn-lambda-context
  script-name path-info x-scriptname x-path-info x-base-path x-context-path x-ingress-path x-replaced-path x-http-path-override x-http-destinationurl
  unencoded-url x-waws-unencoded-url request-uri x-request-uri x-now-route-matches x-matched-path x-middleware-rewrite x-middleware-redirect
  x-middleware-set-cookie x-middleware-skip x-middleware-override-headers x-middleware-next
  x-http-forwarded-for http-x-forwarded-for http-client-ip incap-client-ip do-connecting-ip x-remote-ip x-nf-client-connection-ip cf-worker x-cloudscheduler`))

/** Beginnings of the same: a family is closed to clients whole, its members of tomorrow too. */
const families = words(`
  x-oauth-gate x-forwarded- x-auth-request- x-webauth- remote- x-remote- x-authenticated- x-original- x-rewrite- x-real-
  x-user- x-token- x-sso- x-proxy- proxy- x-oidc- oidc- cf-access- cf-connecting- x-goog-authenticated-user- x-goog-iap-
  x-amzn-oidc- x-amzn-mtls- x-ms-client-principal x-ms-token- x-appengine- x-authentik- x-authelia- x-pomerium- x-vouch-
  x-tinyauth tailscale- x-consumer- x-credential- x-envoy- x-sp-user x-rstudio- x-ssl- ssl- x-tls- x-mtls- x-client-cert-
  shib- mellon- oam- sm- iv- x-webobjects- x-iap- x-keycloak- x-cognito- x-kratos- kubeflow- sf-context- domino- ngrok-auth- x-replit-
  teleport- x-teleport- impersonate- x-impersonate- x-ext-auth- x-okta- x-saml- saml- x-ldap- cas- x-cas- webauth- authenticated- x-identity- x-principal-
  posit-connect- rstudio-connect- shiny-server- plotly-user- x-jwt- x-trusted- x-endpoint-api- x-arr- ms-aspnetcore- x-iisnode- x-vercel- fly- cloudfront-
  x-cloudtasks- x-sendfile x-accel- x-middleware-subrequest x-middleware-request- x-invoke-`)

const plain = /^[A-Za-z0-9_.-]+$/
const framing = new Set(['host', 'cookie', 'content-length'])

/** The name as the most forgiving app would read it. */
export function normalName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** They describe the message or its way, or say what the browser alone knows: a header of the operator's cannot be one of them. */
const reserved = new Set([...framing, ...hop, 'proxy', 'forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'])
const reservedFamilies = ['proxy-', 'content-', 'sec-', 'x-oauth-gate']

/** RFC 9110 §5.6.2 */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** @returns why a setting may not have the gate send a header of this name, or `undefined` if it may */
export function whyNotOurs (name: string): string | undefined {
  if (!token.test(name)) return 'is no name for a header (RFC 9110 §5.6.2): it has letters, digits, - and _ only'
  const normal = normalName(name)
  if (reserved.has(normal) || reservedFamilies.some(family => normal.startsWith(family))) return 'belongs to the message itself or to its way, which the gate alone keeps in order'
  return undefined
}

function classify (name: string): KnownName {
  const normal = normalName(name)
  return { kind: kindOf(name, normal), normal }
}

function kindOf (name: string, normal: string): KnownName['kind'] {
  if (!plain.test(name)) return 'drop'
  if (normal === 'connection') return 'connection'
  if (hop.has(normal) || spoofable.has(normal) || families.some(family => normal.startsWith(family))) return 'drop'
  // Content_Length is not what frames this message, but it is what a CGI app would read.
  if (framing.has(normal) && name.toLowerCase() !== normal) return 'drop'
  return normal === 'host' || normal === 'cookie' ? normal : 'keep'
}

// Browsers send the same two dozen names all day. The bounds keep a stranger from filling our memory with others.
const seen = new Map<string, KnownName>()
const seenNames = 1_000
const seenLength = 64

/** @param name as the client spelled it */
export function knownName (name: string): KnownName {
  const known = seen.get(name)
  if (known) return known
  const fresh = classify(name)
  if (seen.size < seenNames && name.length <= seenLength) seen.set(name, fresh)
  return fresh
}

function words (text: string): string[] {
  return text.trim().split(/\s+/)
}
