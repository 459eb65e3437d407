import { drawError, drawPause, sentence, supportUrl, type ErrorPage, type Support } from './error.ts'
import { policyFor, TEMPLATE_CONTENT_SECURITY_POLICY, type LeadsTo, type Page, type Site } from './layout.ts'
import { drawPasswordForm, drawSignIn, type Choice, type PasswordForm } from './sign-in.ts'
import { drawSignedIn, drawSignedOut, drawSignOutQuestion, type SignedIn, type SignedOut } from './signed-in.ts'
import { createTemplate, type ErrorValues, type TemplateFile, type TemplateRole } from './templates.ts'

/** Every page of the gate: its own, or the operator's template in its place. */
export interface Pages {
  signIn (choices: readonly Choice[], ended?: string): Page
  password (form: PasswordForm): Page
  signedIn (person: SignedIn): Page
  signedOut (where: SignedOut): Page
  signOutQuestion (where: Pick<SignedIn, 'signOutUrl' | 'homeUrl' | 'leadsTo'>): Page
  error (page: ErrorPage): Page
  /** @param url what was not answering */
  pause (url: string): Page
}

export interface PagesOptions extends Site {
  readonly support?: Support | undefined
  readonly authTemplate?: TemplateFile | undefined
  readonly oauthErrorTemplate?: TemplateFile | undefined
  readonly basicLoginTemplate?: TemplateFile | undefined
  readonly logoutTemplate?: TemplateFile | undefined
  /** Below which path templates find pictures, with a slash at its end. */
  readonly assets: string
  readonly signOutUrl: string
  /** Told of a template that failed while it was drawn; our own page is shown instead. */
  readonly onFailure: (template: string, error: unknown) => void
}

export function createPages (options: PagesOptions): Pages {
  const { support, onFailure, assets } = options
  const site: Site = { title: options.title, logo: options.logo }
  const denied = load('error', options.authTemplate)
  const failed = load('error', options.oauthErrorTemplate ?? options.authTemplate)
  const login = load('login', options.basicLoginTemplate)
  const logout = load('logout', options.logoutTemplate)

  function load<R extends TemplateRole> (role: R, file: TemplateFile | undefined) {
    if (file === undefined) return undefined
    const draw = createTemplate(role, file.source, assets)
    return (values: Parameters<typeof draw>[0], own: () => Page, leadsTo?: LeadsTo): Page => {
      try {
        return { markup: draw(values), policy: TEMPLATE_CONTENT_SECURITY_POLICY, ...policyFor(leadsTo, TEMPLATE_CONTENT_SECURITY_POLICY) }
      } catch (error) {
        onFailure(file.name, error)
        return own()
      }
    }
  }

  const named = (title: string) => site.title === undefined ? title : `${title} · ${site.title}`
  return {
    signIn: (choices, ended) => drawSignIn(site, choices, ended),
    signedIn: person => drawSignedIn(site, person),
    pause: url => drawPause(site, url),
    signOutQuestion: where => drawSignOutQuestion(site, where),
    password (form) {
      const own = () => drawPasswordForm(site, form)
      return login?.({ title: named('Sign in'), login_endpoint: form.action, errormessage: form.problem ?? (form.ended === undefined ? '' : sentence(form.ended)), state: form.state, username: form.username }, own, form.leadsTo) ?? own()
    },
    signedOut (where) {
      const own = () => drawSignedOut(site, where)
      return logout?.({ title: named('You are signed out'), LOGIN_ENDPOINT: where.startUrl.replace(/\?.*/, ''), provider: where.provider ?? '', provider_logout_link: where.providerUrl ?? '' }, own) ?? own()
    },
    error (page) {
      const own = () => drawError(site, support, page)
      const template = { denied, 'sign-in': failed, elsewhere: undefined }[page.scene]
      return template?.(errorValues(page, named(page.kind.title.replace(/\.$/, '')), support, options.signOutUrl), own) ?? own()
    }
  }
}

function errorValues ({ kind, reason, requestId, scene }: ErrorPage, title: string, support: Support | undefined, signOutUrl: string): ErrorValues {
  const told = [...reason === undefined ? [] : [sentence(reason)], kind.advice, `(${kind.code}, request ${requestId})`]
  return {
    title,
    error_type: scene === 'denied' ? 'Authorization Error' : 'Authentication Error',
    error: kind.title,
    error_msg: told.join(' '),
    oauth_logout_link: signOutUrl,
    code: kind.code,
    request_id: requestId,
    support_link: support === undefined ? '' : supportUrl(support, { kind, requestId })
  }
}
