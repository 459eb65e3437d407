import { IdentityTooLarge } from '../errors.ts'
import { identityDocument } from '../identity/identity-document.ts'
import type { Identity } from '../identity/identity.ts'
import type { Expression } from '../identity/jmespath.ts'
import { encoded, encodedInList, identityHeaders } from './headers.ts'
import { normalName } from './names.ts'

/** What settings add to the headers that every app gets. */
export interface AppHeaderSettings {
  readonly header: readonly { readonly name: string, readonly expression: Expression }[]
  readonly passAccessToken: boolean
  readonly passAuthorizationHeader: boolean
}

/** The tokens of a session, as far as settings had them kept. */
export interface TokensToPass {
  readonly access?: string | undefined
  readonly id?: string | undefined
}

export interface AppHeaders {
  /** Every name that settings have the gate send, as `normalName` writes it: no client says it, whether we do or not. */
  readonly owned: ReadonlySet<string>
  /**
   * All that the app is told of somebody, as flat pairs: once for a session, since nothing in it changes.
   *
   * @throws {IdentityTooLarge} the whole has more than 16 KiB; without settings that add to it, all but the groups
   */
  of (identity: Identity, tokens?: TokensToPass): string[]
}

/** Bytes of names and values with `: ` and a line break: what many servers take as all the headers of a request. */
const LARGEST = 16 * 1024
/** RFC 6750 §2.1 allows less. */
const visible = /^[\x21-\x7e]+$/

export function createAppHeaders ({ header, passAccessToken, passAuthorizationHeader }: AppHeaderSettings): AppHeaders {
  const names = [...header.map(({ name }) => name), ...passAccessToken ? ['X-Forwarded-Access-Token'] : [], ...passAuthorizationHeader ? ['Authorization'] : []]
  const owned: ReadonlySet<string> = new Set(names.map(normalName))
  return {
    owned,
    of (identity, { access, id } = {}) {
      const usual = identityHeaders(identity)
      if (owned.size === 0) {
        if (usual.reduce((sum, { length }) => sum + length + 2, 0) > LARGEST) checkSize(pairs(usual).filter(([name]) => name !== 'X-Forwarded-Groups'), 'Have --user-key, --login-attribute-path or --name-attribute-path choose something shorter') // groups have a limit of their own
        return usual
      }
      const document = identityDocument(identity)
      const values = [
        ...header.map(({ name, expression }): [string, string] => [name, headerValue(expression.asValue(document))]),
        ['X-Forwarded-Access-Token', passAccessToken && access !== undefined && visible.test(access) ? access : ''],
        ['Authorization', passAuthorizationHeader && id !== undefined && visible.test(id) ? `Bearer ${id}` : '']
      ] as const
      // Also where the setting's has no value: a name means what the setting says, or nothing.
      const others = pairs(usual).filter(([name]) => !owned.has(normalName(name)))
      return checkSize([...others, ...values.filter(([, value]) => value !== '')], 'Have --header choose less, or leave out --pass-access-token or --pass-authorization-header').flat()
    }
  }
}

/** The result of an expression as the value of a header; empty where there is nothing to say. */
export function headerValue (result: unknown): string {
  if (Array.isArray(result) && result.every(isScalar)) return result.map(item => encodedInList(scalarText(item))).filter(item => item !== '').join(',')
  if (isScalar(result)) return encoded(scalarText(result))
  return encoded(JSON.stringify(result) as string | undefined ?? '')
}

function isScalar (value: unknown): boolean {
  return value === null || typeof value !== 'object'
}

function scalarText (value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : ''
}

/** Flat headers as names with their values. */
export function pairs (flat: readonly string[]): [name: string, value: string][] {
  return flat.flatMap((name, at) => at % 2 === 0 ? [[name, flat[at + 1] ?? ''] as [string, string]] : [])
}

function checkSize (headers: readonly (readonly [name: string, value: string])[], fix: string): readonly (readonly [string, string])[] {
  const sized = headers.map(([name, value]) => ({ name, size: name.length + value.length + 4 })).sort((one, other) => other.size - one.size)
  const total = sized.reduce((sum, { size }) => sum + size, 0)
  if (total <= LARGEST) return headers
  throw new IdentityTooLarge(`the headers for the app have ${total} bytes, and ${LARGEST} are sent; the largest are ${sized.slice(0, 3).map(({ name, size }) => `${name} with ${size}`).join(', ')}. ${fix}`)
}
