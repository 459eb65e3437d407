/** Says for what a sealed text was made: checked before its content is looked at. */
export interface Envelope {
  readonly type: 'session' | 'ticket' | 'login' | 'way-back' | 'renewed'
  /** The cookie it belongs into: a value moved to another name is void. */
  readonly cookie: string
  /** Gates that share a key but not a client do not share sessions. */
  readonly gate: string
}

const VERSION = 1

/** The plaintext of a seal: a line that says what it is, then the content as JSON. */
export function wrap (envelope: Envelope, content: object): string {
  return headOf(envelope) + JSON.stringify(content)
}

/** @returns null unless the text was wrapped in the very same envelope */
export function unwrap (envelope: Envelope, plain: Buffer): unknown {
  const text = plain.toString()
  const head = headOf(envelope)
  return text.startsWith(head) ? JSON.parse(text.slice(head.length)) as unknown : null
}

function headOf ({ type, cookie, gate }: Envelope): string {
  return `${type} ${VERSION} ${cookie} ${gate}\n`
}
