import { cookieDomain, domains, emails, issuer, listenAddress, networks, origin, providerUrl, redirectUri } from './kinds/addresses.ts'
import { basicAuth } from './kinds/basic-auth.ts'
import { contact } from './kinds/contact.ts'
import { emailsFile } from './kinds/emails-file.ts'
import { expression } from './kinds/expression.ts'
import { literal } from './kinds/extra-params.ts'
import { fernetKeys } from './kinds/fernet-keys.ts'
import { image } from './kinds/image.ts'
import type { Kind } from './kinds/kind.ts'
import { claims, headers } from './kinds/named-expressions.ts'
import { guestEndpoints, skipRoutes } from './kinds/opened-paths.ts'
import { origins } from './kinds/origins.ts'
import { basePath, endpoint, ownPath, path, rootPath, socketFile } from './kinds/paths.ts'
import { certificates, privateKey } from './kinds/pem.ts'
import { providerEntries } from './kinds/provider-entries.ts'
import { returnHosts } from './kinds/return-hosts.ts'
import { role, roles } from './kinds/roles.ts'
import { rules } from './kinds/rules.ts'
import { choice, count, days, duration, fileName, flag, integer, list, text, timeOrOff, word, words } from './kinds/scalars.ts'
import { redisAddress, sessionStore } from './kinds/store.ts'
import { template } from './kinds/template.ts'
import { upstreams } from './kinds/upstreams.ts'

/** What the table says about one setting beside its kind. */
export interface Spec<T> {
  /** One line for `--help`. */
  readonly doc: string
  readonly default?: T
  /** Never printed, and may come from a file: `--x-file`, `X_FILE`. */
  readonly secret?: true
  /** In the short help, which fits on a screen. */
  readonly common?: true
  /** The gate cannot start without it. */
  readonly required?: true
  /** Other names, complete: `client-id` for flags (and ours made from it), `PANEL_USER_KEY` for the environment. */
  readonly aliases?: { readonly flags?: readonly string[], readonly env?: readonly string[] }
  /** Where alone it can be set. */
  readonly only?: 'file' | 'command'
}

export type Option<T, In, S extends Spec<T> = Spec<T>> = Readonly<Kind<T, In> & S>

/** Every kind of setting: `option.days({ doc, default: 1 })`. What a kind is given as default is what it would parse to. */
export const option = {
  text: of(text),
  word: of(word),
  url: of(providerUrl),
  issuer: of(issuer),
  origin: of(origin),
  redirectUri: of(redirectUri),
  basicAuth: of(basicAuth),
  list: of(list),
  words: of(words),
  domains: of(domains),
  emails: of(emails),
  emailsFile: of(emailsFile),
  role: of(role),
  roles: of(roles),
  networks: of(networks),
  origins: of(origins),
  returnHosts: of(returnHosts),
  flag: of(flag),
  days: of(days),
  duration: of(duration),
  path: of(path),
  ownPath: of(ownPath),
  basePath: of(basePath),
  rootPath: of(rootPath),
  endpoint: of(endpoint),
  socketFile: of(socketFile),
  address: of(listenAddress),
  cookieDomain: of(cookieDomain),
  fileName: of(fileName),
  certificates: of(certificates),
  privateKey: of(privateKey),
  keys: of(fernetKeys),
  literal: of(literal),
  expression: of(expression),
  headers: of(headers),
  claims: of(claims),
  contact: of(contact),
  image: of(image),
  errorTemplate: of(template('error')),
  loginTemplate: of(template('login')),
  logoutTemplate: of(template('logout')),
  upstreams: of(upstreams),
  sessionStore: of(sessionStore),
  redis: of(redisAddress),
  rules: of(rules),
  guestEndpoints: of(guestEndpoints),
  skipRoutes: of(skipRoutes),
  providers: of(providerEntries),
  integer<const S extends Spec<number> & { readonly min: number, readonly max: number }> (spec: S) {
    return of(integer(spec.min, spec.max))(spec)
  },
  count<const S extends Spec<number | 'auto'> & { readonly max: number }> (spec: S) {
    return of(count(spec.max))(spec)
  },
  timeOrOff<const S extends Spec<number> & { readonly least: number }> (spec: S) {
    return of(timeOrOff(spec.least))(spec)
  },
  choice<const C extends string, const S extends Spec<C>> (words: readonly C[], spec: S, synonyms: Readonly<Record<string, C>> = {}) {
    return of(choice(words, synonyms))(spec)
  }
}

function of<T, In> (kind: Kind<T, In>) {
  return <const S extends Spec<T>>(spec: S): Option<T, In, S> => Object.freeze(Object.assign({}, kind, spec))
}
