import { Problem } from './config-error.ts'

/** @param hint what else may be meant than to save it as UTF-8 @throws {Problem} it is no text */
export function textOf (path: string, content: Buffer, hint = ''): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content) // without its byte order mark
  } catch {
    throw new Problem(`: ${path} is not UTF-8 text.`, `Save it as UTF-8.${hint}`)
  }
}
