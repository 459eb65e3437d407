import { IdentityTooLarge } from '../errors.ts'
import type { Expression } from './jmespath.ts'
import type { Source } from './sources.ts'
import type { Trace } from './trace.ts'

/** A claim to keep with the session, by the name that headers and rules know it by. */
export interface ClaimToKeep {
  readonly name: string
  readonly expression: Expression
}

/** Bytes, as JSON: they travel in the cookie with every request. */
const LARGEST = 2 * 1024
const LARGEST_TOGETHER = 8 * 1024

/**
 * The claims that settings ask to keep: each from the first document where its expression has a result that is not null, as
 * plain JSON. What has none is left out.
 *
 * @param sources id_token, userinfo, access token: in the order in which they are asked
 * @throws {IdentityTooLarge} one has more than 2 KiB, or all together more than 8 KiB
 */
export function keepClaims (claims: readonly ClaimToKeep[], sources: readonly Source[], trace: Trace): Record<string, unknown> {
  const kept = claims.flatMap(({ name, expression }) => {
    const found = sources.map(({ name: source, document }) => ({ source, json: asJson(expression.asValue(document)) })).find(({ json }) => json !== undefined)
    trace.note({ field: 'claims', source: found?.source ?? 'no source', how: `claim ${name} (${expression.text})`, value: found?.json })
    if (found?.json === undefined) return []
    const { json } = found
    const size = Buffer.byteLength(json)
    if (size > LARGEST) throw new IdentityTooLarge(`--claim=${name}=… has ${size} bytes, and ${LARGEST} are kept; have its expression choose less`)
    return [{ name, json, size }]
  })
  const total = kept.reduce((sum, { size }) => sum + size, 0)
  if (total > LARGEST_TOGETHER) throw new IdentityTooLarge(`what --claim keeps has ${total} bytes (${kept.map(({ name, size }) => `${name} ${size}`).join(', ')}), and ${LARGEST_TOGETHER} are kept; keep fewer, or have their expressions choose less`)
  return Object.fromEntries(kept.map(({ name, json }) => [name, JSON.parse(json) as unknown]))
}

/** Written out and read again nothing but data is left: no number that is none, no prototype. */
function asJson (value: unknown): string | undefined {
  const json = JSON.stringify(value) as string | undefined
  return json === 'null' ? undefined : json
}
