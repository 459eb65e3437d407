/** What else stands before a name. Of `=name=value` some browsers make a cookie without a name, and send its value: `name=value`. */
const SET = /^[\s\x00-\x1f\x7f=;"$]*([^=;]*)/

/** The name that a `Set-Cookie` may come back by. */
export function nameSet (line: string): string {
  return SET.exec(line)?.[1]?.replace(/[\s\x00-\x1f\x7f"]+$/, '') ?? ''
}
