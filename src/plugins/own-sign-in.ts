import type { Asked } from './asked.ts'

/**
 * Says in the log that a Panel app sends somebody to a sign-in of its own who is signed in here: it does not take the cookies that the gate signs.
 *
 * @returns what looks at the flat header pairs of an answer, for a request that has a session
 */
export function tellOwnSignIn (request: Asked): (status: number, headers: readonly string[]) => void {
  return (status, headers) => {
    if (status < 300 || status > 399 || !isOwnSignIn(locationIn(headers))) return
    request.log.warn({
      event: 'app.disbelieves', user: request.session?.identity.user,
      hint: 'Give the gate and the app the very same PANEL_COOKIE_SECRET: $(panel secret) is another each time it runs. The app must not have PANEL_OAUTH_REFRESH_TOKENS.'
    }, 'the app sends somebody who is signed in to a sign-in of its own')
  }
}

/** Tornado adds where somebody wanted to go, and nothing else. */
export function isOwnSignIn (location: string | undefined): boolean {
  return location !== undefined && /^[^?#]*\?next=[^&#]*$/.test(location)
}

function locationIn (headers: readonly string[]): string | undefined {
  const at = headers.findIndex((name, at) => at % 2 === 0 && name.toLowerCase() === 'location')
  return at === -1 ? undefined : headers[at + 1]
}
