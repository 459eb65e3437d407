import { mostInterim, rawOf } from './answer.ts'
import { failure, type Line } from './upstream.ts'

/** What an app says to a question of our own. */
export interface Said {
  readonly status: number
  /** By names in lower case; of several the first. */
  readonly headers: ReadonlyMap<string, string>
}

/** Milliseconds for which a body is looked at: one that goes on, as an event stream does, is right so far. */
const LOOK = 1_000

/**
 * Asks an app one GET as a visitor's is asked, so that whoever cannot be understood then is not understood now. Always by a connection of its own:
 * one that the app was just closing would look like an app that does not answer.
 *
 * @param headers flat pairs @throws {GateError} what a visitor would get instead of the answer
 */
export function ask (line: Line, path: string, headers: string[]): Promise<Said> {
  return new Promise((resolve, reject) => {
    let hasBegun = false
    let interim = 0
    let said: Said | undefined
    let timer: NodeJS.Timeout | undefined
    line.dispatch({ path, method: 'GET', headers, body: null }, {
      onResponseStarted () { hasBegun = true },
      onResponseStart (controller, status) {
        if (status === 101 || (status < 200 && ++interim > mostInterim)) throw new Error(status === 101 ? 'switched protocols unasked' : 'interim answers without end')
        if (status < 200) return
        const answer = said = { status, headers: byName(rawOf(controller.rawHeaders).map(String)) }
        timer = setTimeout(() => {
          resolve(answer)
          controller.abort(new Error('enough of it was seen'))
        }, LOOK)
      },
      onResponseEnd () {
        clearTimeout(timer)
        if (line.broken) reject(failure(line.where, new Error('the connection was reset in the middle of the answer'), true))
        else if (said !== undefined) resolve(said)
      },
      onResponseError (_controller, error) {
        clearTimeout(timer)
        reject(failure(line.where, error, hasBegun))
      }
    }, true)
  })
}

function byName (pairs: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = (pairs[at] as string).toLowerCase()
    if (!headers.has(name)) headers.set(name, pairs[at + 1] as string)
  }
  return headers
}
