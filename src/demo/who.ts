import type { IncomingHttpHeaders } from 'node:http'

/** What the sample app was told about the visitor: every field may be missing, as on a public page. */
export interface Who {
  readonly user: string | undefined
  readonly name: string | undefined
  readonly email: string | undefined
  readonly groups: readonly string[]
}

/** Reads the gate's headers the way any app behind it would. */
export function whoIs (headers: IncomingHttpHeaders): Who {
  const text = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' && value !== '' ? decoded(value) : undefined
  }
  const groups = headers['x-forwarded-groups']
  return {
    user: text('x-forwarded-user'),
    name: text('x-forwarded-name'),
    email: text('x-forwarded-email'),
    groups: typeof groups === 'string' && groups !== '' ? groups.split(',').map(decoded) : [] // decoded after the split: a comma inside a group is encoded
  }
}

/** A value with anything but printable ASCII, or with a percent sign, comes percent-encoded as UTF-8. */
export function decoded (value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
