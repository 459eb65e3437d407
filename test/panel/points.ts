/** One point of the checklist of what Panel's OAuth does, or its documents promise: what is given, and which tests show what comes of it. */
export interface Point {
  readonly given: string
  /** File below test/, and the title of a test in it as it is written there. */
  readonly shown: readonly (readonly [file: string, ...titles: string[]])[]
  /** The gate does otherwise: docs/panel.md has a row with this number that says what, and why. */
  readonly otherwise?: true
}

const sentTo = 'a person is sent to the provider, comes back to the page they wanted, and the app is told who they are'
const missing = 'what is missing is told in Panel’s sentences'
const unknown = 'a provider that nobody knows is refused with those there are'
const endpoints = '--login-endpoint and --logout-endpoint are Panel’s /login and /logout; without them the app keeps these paths'
const mistakes = 'all problems are listed with their fixes, without a stack'

export const points: Readonly<Record<number, Point>> = {
  1: { given: 'each provider by variables', shown: [['panel/promises', 'checklist 1, 2, 9: each provider of Panel, by variables and by flags in any case, leads to the same'], ['e2e/panel-pages', 'each provider of the pages starts as flags and as variables, and leads to the same, right authorize URL']] },
  2: { given: 'each provider by flags, with = and with a space', shown: [['panel/promises', 'checklist 1, 2, 9: each provider of Panel, by variables and by flags in any case, leads to the same'], ['cli/main', 'a flag may stand alone, have a value after = or after a space, and is refused twice']] },
  3: { given: 'a deep link without a session', shown: [['e2e/sign-in', sentTo]] },
  4: { given: 'no redirect URI', shown: [['panel/promises', 'checklist 1, 2, 9: each provider of Panel, by variables and by flags in any case, leads to the same'], ['e2e/sign-in', sentTo]] },
  5: { given: 'the redirect URI at /login', shown: [['e2e/paths', 'the login endpoint may be the redirect URI’s path too, as in Panel']] },
  6: { given: 'the redirect URI at a page of the app', shown: [['e2e/sign-in', 'cookies refused end in a page, not in a loop: redirect URI ${path === \'\' ? \'unset\' : path}']] },
  7: { given: 'the app’s own code and state', shown: [['e2e/sign-in', 'the app’s own state and code parameters on the callback’s path stay the app’s']] },
  8: { given: '--use-xheaders', shown: [['proxy/arrival', 'use-xheaders: one near proxy is believed about scheme and address, and a client cannot speak over it']] },
  9: { given: 'a provider in other letter case', shown: [['panel/promises', 'checklist 1, 2, 9: each provider of Panel, by variables and by flags in any case, leads to the same']] },
  10: { given: 'an unknown provider', shown: [['config/checks', unknown], ['cli/main', mistakes]] },
  11: { given: 'the provider pam', shown: [['config/checks', unknown], ['config/panel', 'Panel’s sentences about what is missing and wrong']] },
  12: { given: 'no key, no secret', shown: [['config/checks', missing, 'a provider asks for what it needs, and for a secret only if it sends one']] },
  13: { given: 'no cookie secret', shown: [['config/checks', missing]] },
  14: { given: 'a flag and a variable that differ', shown: [['config/panel', 'a flag and a variable that differ are Panel’s error, which names both and repeats neither']] },
  15: { given: 'BOKEH_COOKIE_SECRET alone', shown: [['config/panel', 'BOKEH_COOKIE_SECRET alone is enough, and PANEL_COOKIE_SECRET beats it']] },
  16: { given: 'extra params as Python and as JSON', otherwise: true, shown: [['config/kinds', 'extra params are read as Python, as JSON, and as what a shell leaves of them'], ['config/python-literal', 'what ast.literal_eval reads of 4000 literals is what we read'], ['panel/promises', 'checklist 16: a nested list is read as Python reads it, and refused at start where no query could say it']] },
  17: { given: 'encryption keys, good and bad', shown: [['config/kinds', 'bad encryption keys get Panel’s two sentences']] },
  18: { given: 'oauth-secret', shown: [['cli/main', 'oauth-secret prints a key that Python’s cryptography takes, another each time']] },
  19: { given: 'the scope as text, list, variable and two of them', shown: [['panel/promises', 'checklist 19: a scope is a text, a list or a variable with commas, and the extra parameter beats the variable']] },
  20: { given: 'half a day of expiry', shown: [['panel/promises', 'checklist 20: after PANEL_OAUTH_EXPIRY=0.5 the cookie and the session end after twelve hours'], ['e2e/guard', 'a session ends at its time']] },
  21: { given: 'an error of the provider', shown: [['e2e/provider-down', 'a cancelled sign-in is a page, makes no session, and shows what the provider says as text'], ['panel/promises', 'checklist 21: an error of the provider at /login is a 401 page with its words as text, and ends there']] },
  22: { given: 'a state that is wrong, missing or used', otherwise: true, shown: [['e2e/sign-in', 'a replayed, foreign or forged callback sends nothing to the provider']] },
  23: { given: 'two tabs', shown: [['e2e/sign-in', 'two tabs that sign in at once both succeed']] },
  24: { given: 'HEAD and prefetch of the callback', shown: [['e2e/sign-in', 'HEAD and prefetch of a callback consume nothing: the real one still works']] },
  25: { given: 'a token endpoint without tokens', otherwise: true, shown: [['panel/promises', 'checklist 25: whatever a token endpoint says instead of tokens is a page of ours, without token, secret or stack']] },
  26: { given: 'a user page that refuses', shown: [['panel/promises', 'checklist 26: a user page that refuses ends the sign-in, and the access token is on no page']] },
  27: { given: 'a user that is missing, a number or has an apostrophe', otherwise: true, shown: [['panel/promises', 'checklist 27: a missing user is refused with 401, a number is text, an apostrophe stays one']] },
  28: { given: 'a next that leads away', shown: [['e2e/paths', endpoints], ['e2e/provider-down', 'open redirect: no sign-in ends anywhere but on this site'], ['access/return-to', 'no payload leads away, by either scheme']] },
  29: { given: 'cookies after sign-in and after signing out', shown: [['session/cookies', 'a session cookie cannot be read by script, nor sent by another site’s form', 'a cookie is named after how safely it can be kept', 'a large session travels in chunks that a browser keeps, and comes back whole'], ['e2e/paths', '--cookie-path of one app moves the gate’s pages below it, so that signing out ends the session']] },
  30: { given: '--prefix', shown: [['e2e/paths', 'with --prefix everything of the gate’s own is below it, and so is the redirect URI; ping and ready are not']] },
  31: { given: '--root-path with and without a slash', shown: [['e2e/paths', 'behind a proxy that strips, --root-path=${rootPath} is before every address that a browser gets, once']] },
  32: { given: '--login-endpoint and --logout-endpoint', shown: [['e2e/paths', endpoints]] },
  33: { given: 'a page with a slash at its end', shown: [['e2e/sign-in', sentTo]] },
  34: { given: '--oauth-guest-endpoints', shown: [['access/openings', 'a guest endpoint is a page with its three parts, or by /* all that is below it'], ['e2e/openings', 'a websocket of an open page: nobody needs no Origin, a session still needs our own, and where the app is told of nobody none is asked for']] },
  35: { given: '--oauth-optional', shown: [['panel/guests', 'checklist 35: on optional routes of an app with ${way} a stranger is Panel’s guest, and a person once signed in'], ['panel/promises', 'checklist 35: on an optional gate everybody is there, and signing in makes a person of a guest']] },
  36: { given: '/logout', otherwise: true, shown: [['e2e/guard', 'userinfo is the identity as JSON, without tokens; sign-out ends every copy of the cookie'], ['e2e/paths', endpoints]] },
  37: { given: 'websockets with and without session and Origin', shown: [['e2e/websocket', 'a websocket opens for who is signed in, on our own origin only']] },
  38: { given: 'a websocket with 40 kB of headers', shown: [['proxy/websocket', 'the handshake goes through as it is, but for who is who']] },
  39: { given: 'scripts and forms without a session', shown: [['e2e/sign-in', 'twenty unauthenticated fetches get 401 JSON that names the sign-in, and leave no cookie', 'a form that was sent without a session is told so, and a framed page leads to a tab']] },
  40: { given: 'cookies and headers of a client that say who it is', shown: [['e2e/guard', 'nobody can say who they are: identity headers of a client never arrive, in any spelling, on any route']] },
  41: { given: 'a real Panel app that has the cookie secret alone', shown: [['panel/browser', 'checklist ${way.startsWith(\'only\') ? 41 : 42}: an app with ${way}, in a browser', 'the right person, a widget, no second sign-in, and an end', 'authorize_callback denies as in Panel', 'checklist 41: a token that was asked for is pn.state.access_token, and a callback for every app denies with 403']] },
  42: { given: 'a real Panel app with its own PANEL_OAUTH_* still set', shown: [['panel/browser', 'checklist ${way.startsWith(\'only\') ? 41 : 42}: an app with ${way}, in a browser', 'the right person, a widget, no second sign-in, and an end']] },
  43: { given: 'a forged Bokeh token', shown: [['panel/forged', 'checklist 43: a forged token or cookie never makes somebody else of who is signed in', 'where the app does not sign its sessions, what is captured of a colleague, or made up beside the cookies, is believed', 'BOKEH_SIGN_SESSIONS closes it: no token but the app’s own opens anything, and a captured one only until it expires']] },
  46: { given: 'the password provider', shown: [['e2e/password', 'the right password leads to the page that was wanted, a wrong one to the form with 401'], ['oauth/flows', 'password: the grant, without id_token and without secret; a wrong password has an error of its own']] },
  47: { given: 'the code provider', shown: [['oauth/flows', 'code is a public client: PKCE, and never the secret it was given'], ['e2e/provider-down', 'a cancelled sign-in is a page, makes no session, and shows what the provider says as text']] },
  49: { given: 'templates', shown: [['e2e/templates', 'Panel’s own form and logout page work as they are', 'Panel’s own error page says who may not enter, and what went wrong', 'a template that is one’s own, with our base'], ['pages/templates', 'a template gets Panel’s variables, each as text']] },
  50: { given: 'somebody who may not enter', shown: [['e2e/templates', 'Panel’s own error page says who may not enter, and what went wrong'], ['e2e/why', 'who may not enter: the page says what was missing, the log how each field was found and which condition failed']] },
  51: { given: 'a plugin', shown: [['config/plugin', 'a name that is none of ours is an npm package, and path and version are told at start', 'a module is a path or a package, and needs no name beside it', 'every fault of its shape is told at once, with file, field and what was expected'], ['e2e/handler', 'a person goes to the plugin’s own page, comes back to the page they wanted, and the app is told who they are']] },
  52: { given: 'what Panel leaves open', shown: [['panel/promises', 'checklist 52: what Panel leaves open, /liveness and its static files, needs a sign-in unless it is listed as a guest’s']] }
}
