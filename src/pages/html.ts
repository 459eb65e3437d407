/** Text that is already markup. Made by the tag below only. */
export class Html {
  readonly markup: string
  constructor (markup: string) { this.markup = markup }
  toString (): string { return this.markup }
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/** Every value is escaped, for text and for quoted attributes; only what this tag made itself passes as it is. */
export function html (strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(strings.map((string, index) => string + (index < values.length ? markupOf(values[index]) : '')).join(''))
}

function markupOf (value: unknown): string {
  if (value instanceof Html) return value.markup
  if (Array.isArray(value)) return value.map(markupOf).join('')
  if (value === undefined || value === null || value === false) return ''
  return String(value).replace(/[&<>"']/g, character => ENTITIES[character] as string)
}
