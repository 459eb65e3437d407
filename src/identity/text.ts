/** A text that an honest name can be. A plugin in JavaScript may say anything. */
export function clean (text: unknown): string | undefined {
  return typeof text !== 'string' || text.trim() === '' || /[\p{Cc}\p{Cs}]/u.test(text) ? undefined : text
}
