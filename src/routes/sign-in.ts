import fastifyFormbody from '@fastify/formbody'
import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { siteOf } from '../access/return-to.ts'
import { isFromHere } from '../access/same-origin.ts'
import { FormForged, PasswordRefused, TooManyAttempts } from '../errors.ts'
import type { SignInOptions } from '../own-urls.ts'
import type { Page } from '../pages/layout.ts'
import type { Choice } from '../pages/sign-in.ts'
import type { LoginFlow } from './login-flow.ts'
import type { ActiveProvider } from './providers.ts'
import { householdOf, networkOf } from './network.ts'

/** A form is two short fields. */
const LARGEST_FORM = 16 * 1024
const MINUTE = 60_000
const PER_NAME = 10
const PER_ADDRESS = 30
/** Where all share one password, whatever names are typed: by many addresses it is tried no faster. */
const PER_PASSWORD = 300
/** Names and addresses remembered at once: more than can be tried within a minute from the networks one person has. */
const THROTTLED = 50_000

interface Form { readonly state: string, readonly username: string, readonly password: string }

/** `GET sign_in`: who is signed in, or how to. `POST sign_in`: the form for a password, which the gate knows or a provider does (RFC 6749 §4.3). */
export default async function signIn (app: FastifyInstance, flow: LoginFlow): Promise<void> {
  const { providers, logins, urls, pages, farewell } = flow
  const action = urls.form

  app.get('/sign_in', { config: { open: true } }, async (request, reply) => {
    const { rd, prompt, restarted, provider: id } = request.query as Readonly<Record<string, unknown>>
    const returnTo = flow.returnTo(rd, request)
    const selectAccount = prompt === 'select_account'
    if (request.session !== null && prompt === undefined && id === undefined) return reply.page(await statusPage(request))
    const provider = providers.only ?? providers.find(id)
    const ended = request.session === null ? (await flow.sessions.whyEnded(request.jar, request.headers.cookie))?.reason : undefined
    if (provider?.askPassword !== undefined) return form(request, reply, provider, { returnTo, ended })
    return reply.page(pages.signIn(choices(request, returnTo, { selectAccount, restarted: restarted === '1' }), ended))
  })

  function form (request: FastifyRequest, reply: FastifyReply, { id }: ActiveProvider, { returnTo, ended }: { readonly returnTo: string, readonly ended: string | undefined }): FastifyReply {
    const { login, setCookies } = logins.begin(request.jar, request.headers.cookie, { provider: id, returnTo })
    return reply.setCookies(setCookies).page(pages.password({ action, state: login.state, username: '', ended, leadsTo: [siteOf(login.returnTo)] }))
  }

  /** The one that was taken last comes first. */
  function choices (request: FastifyRequest, returnTo: string, how: Pick<SignInOptions, 'selectAccount' | 'restarted'>): readonly Choice[] {
    const { only, all } = providers
    if (only !== undefined) return [{ label: only.label, icon: only.icon, url: urls.start(returnTo, how) }]
    const last = request.jar.readChoice(request.headers.cookie)
    const byUse = all.toSorted((one, other) => Number(other.id === last) - Number(one.id === last))
    return byUse.map(({ id, label, icon }) => ({ label, icon, url: urls.start(returnTo, { ...how, provider: id }) }))
  }

  async function statusPage ({ session }: FastifyRequest): Promise<Page> {
    if (session === null) throw new TypeError('no session')
    const { identity, startedAt, expiresAt } = session
    const provider = providers.find(identity.provider)
    return pages.signedIn({ user: identity.user, name: identity.name, provider: provider?.label ?? identity.provider, leadsTo: [await farewell.leadsTo(provider)], startedAt, expiresAt, signOutUrl: urls.signOut, switchUrl: urls.start(urls.home, { selectAccount: true }), homeUrl: urls.home })
  }

  if (providers.all.every(provider => provider.askPassword === undefined)) return
  await app.register(fastifyFormbody, { bodyLimit: LARGEST_FORM })
  await app.register(import('@fastify/rate-limit'), { global: false })
  const throttle = { timeWindow: MINUTE, cache: THROTTLED } // where the plugin is registered, cache would be for its own hook only
  /** In this process, and then among all: it also holds while the store is away in which the others count. */
  const limit = (kind: string, max: number, keyGenerator: (request: FastifyRequest) => string) => {
    const here = app.createRateLimit({ ...throttle, max, keyGenerator })
    return async (request: FastifyRequest): Promise<boolean> => {
      const { isAllowed, isExceeded } = { isExceeded: false, ...await here(request) }
      return (!isAllowed && isExceeded) || await flow.tries?.isOver(`${kind}:${keyGenerator(request)}`, max) === true
    }
  }
  const perAddress = limit('address', PER_ADDRESS, request => householdOf(request.arrival.address))
  const perName = limit('name', PER_NAME, request => keyOf(readForm(request).username))
  const perPassword = limit('password', PER_PASSWORD, () => 'all')

  app.post('/sign_in', { config: { open: true } }, async (request, reply) => {
    const form = readForm(request)
    const login = flow.loginOf(request, form.state)
    const provider = providers.find(login?.provider)
    if (login === null || provider?.askPassword === undefined || !isFromHere(request.headers, request.arrival.origin)) throw new FormForged(`Origin ${request.headers.origin ?? 'none'}, ${login === null ? 'no login of this browser' : 'state known'}`)
    for (const isOver of [perAddress, perName, ...provider.people?.isShared === true ? [perPassword] : []]) {
      if (await isOver(request)) throw new TooManyAttempts(`from ${request.arrival.address}`)
    }
    try {
      await flow.admit(request, reply, provider, await provider.askPassword(form.username, form.password, { redirectUri: flow.redirectUri(request), network: networkOf(request.arrival.address) }))
    } catch (error) {
      if (!(error instanceof PasswordRefused)) throw error
      return refused(request, reply, { ...form, leadsTo: siteOf(login.returnTo) }, error.message)
    }
    return reply.setCookies([request.jar.clearLogin(login.state)]).redirect(login.returnTo, 303)
  })

  function refused (request: FastifyRequest, reply: FastifyReply, { state, username, leadsTo }: Form & { readonly leadsTo: string | undefined }, detail: string): FastifyReply {
    const { kind } = PasswordRefused
    request.log.warn({ event: 'login.refused', code: kind.code, detail, hint: kind.hint }, kind.title)
    return reply.code(kind.status).header('x-oauth-gate', kind.code).page(pages.password({ action, state, username, problem: kind.title, leadsTo: [leadsTo] }))
  }
}

function readForm (request: FastifyRequest): Form {
  const { state, username, password } = (request.body ?? {}) as Partial<Record<keyof Form, unknown>>
  if (typeof state !== 'string' || typeof username !== 'string' || typeof password !== 'string') throw new FormForged('a field is missing')
  return { state, username, password }
}

/** What is remembered of a name has one length, whatever was typed: 16 KiB may have 100,000 characters in NFKC. */
function keyOf (name: string): string {
  return hash('sha256', name.normalize('NFKC').trim().toLowerCase(), 'base64')
}
