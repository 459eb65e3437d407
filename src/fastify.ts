import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError, type ConfigProblem } from './config/config-error.ts'
import { loadConfig, type LoadOptions } from './config/load.ts'
import { flagOf, optionNames } from './config/names.ts'
import type { Config, OptionName, Settings } from './config/options.ts'
import { createGate } from './gate.ts'
import type { Identity } from './identity/identity.ts'
import { outside } from './outside.ts'
import { createOwnUrls, ownRoutes } from './own-urls.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is signed in; null on pages that a rule opens to everyone. */
    identity: Identity | null
  }
}

/** What the app itself decides: how it listens, how it logs, and that nothing is behind it. */
const HOSTS = [
  'upstream', 'upstreamCa', 'upstreamSkipVerify', 'upstreamTimeout', 'passHostHeader', 'address', 'port', 'unixSocket', 'sslCertfile', 'sslKeyfile', 'sslPassword',
  'maxHeaderSize', 'prefix', 'pingPath', 'readyPath', 'logLevel', 'logFormat', 'config'
] as const satisfies readonly OptionName[]
/** Nothing is ever sent there. The port is known when the app listens. */
const INSTEAD = { upstream: ['http://localhost'], port: 0 }

/** The settings of the gate, but for those that are the app's own; and where else to look for settings, as `loadConfig` has it. */
export type OAuthGateOptions = Omit<Settings, typeof HOSTS[number]> & Pick<LoadOptions, 'env' | 'file'>

/**
 * The gate inside a Fastify app: a request reaches the app's hooks and routes when the gate has let it through, and then
 * with `request.identity`. Goes on the root instance. A hook that was added before is asked before.
 *
 * @throws {ConfigError} a setting is wrong, or something of the app could be reached past the gate
 */
async function oauthGate (app: FastifyInstance, options: OAuthGateOptions): Promise<void> {
  refuse([...unguardable(app), ...DOORS.flatMap(event => besideRouter(app, event, 0))])
  const config = load(app, options)
  const gate = await createGate(config, outside, app)
  await gate.ready()

  app.server.on('newListener', (event: string) => { refuse(besideRouter(app, event, 1)) })
  app.decorateRequest('identity', null)
  // Where the gate answers by itself `done` is never called. What is not found comes this way too, and so do upgrades.
  app.addHook('onRequest', (request, reply, done) => {
    const { raw, id } = request
    if (raw.headers.upgrade !== undefined && app.server.listenerCount('upgrade') > 0) prepareUpgrade(raw, reply.raw)
    raw.visit = {
      id, url: raw.url, originalUrl: raw.originalUrl,
      admitted (identity) {
        request.identity = identity
        done()
      }
    }
    gate.routing(raw, reply.raw)
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    const give = request.raw.visit?.answered
    if (give !== undefined) renew(reply, give)
    done()
  })
  // A route for what is answered before it, so that no query of ours, with a code in it, is written to the app's log.
  for (const url of pagesOf(config)) app.route({ method: ['GET', 'HEAD', 'POST'], url, logSerializers: { req: withoutQuery }, handler: (_request, reply) => reply.callNotFound() })
  app.addHook('preClose', () => gate.close()) // before Fastify waits for what is under way: an event stream would let it wait for ever
}

export default fp(oauthGate, { name: 'oauth-gate', fastify: '5.x' })

function load (app: FastifyInstance, { env, file, ...settings }: OAuthGateOptions): Config {
  const given = HOSTS.filter(option => (settings as Settings)[option] !== undefined)
  refuse(given.map(option => ({ setting: flagOf(option), message: `${option} is no setting of the plugin: it belongs to the app that the gate is in.`, fix: 'Leave it out, and set up the app itself.' })))
  const { config, notices, sources } = inWordsOfCode(() => loadConfig({ ...env !== undefined && { env }, ...file !== undefined && { file }, settings: { ...settings, ...INSTEAD } }))
  refuse(callbackInApp(config))
  const idle = HOSTS.map(option => sources[option]).filter(({ level }) => level !== 'default' && level !== 'code').map(({ from }) => `${from} does nothing here: it belongs to the app that the gate is in`)
  for (const detail of [...notices, ...idle]) app.log.warn({ event: 'settings.notice', detail }, 'something to know about the settings')
  return config
}

/** The app's answer as the gate would change one of an app behind it. */
function renew (reply: FastifyReply, give: (status: number, headers: string[]) => void): void {
  const names = Object.keys(reply.getHeaders()).filter(name => name !== 'set-cookie')
  const pairs = names.flatMap(name => [name, String(reply.getHeader(name))])
  give(reply.statusCode, pairs)
  const left = new Map(pairs.flatMap((name, at) => at % 2 === 0 ? [[name.toLowerCase(), pairs[at + 1]]] : []) as [string, string][])
  for (const name of names) if (!left.has(name)) reply.removeHeader(name)
  for (let at = 0; at < pairs.length; at += 2) if (/^(?:set-cookie|cache-control)$/i.test(pairs[at] as string)) reply.header((pairs[at] as string).toLowerCase(), pairs[at + 1])
}

function pagesOf (config: Config): string[] {
  const { base, door } = ownRoutes(config)
  return [`${base}/*`, ...door === undefined ? [] : [door, `${door}/*`]]
}

/** On a path of the app Fastify would write the code into the app's log, before any hook. */
function callbackInApp (config: Config): ConfigProblem[] {
  const { callback, redirect, door } = ownRoutes(config)
  if (config.oauthRedirectUri === undefined || redirect === callback || redirect === door) return []
  const fix = new URL(createOwnUrls(config).outward(callback), config.oauthRedirectUri).href
  return [{ setting: flagOf('oauthRedirectUri'), message: `oauthRedirectUri=${config.oauthRedirectUri} leads to a page of the app, whose log would hold the code of each sign-in.`, fix: `Set it to ${fix}, and register that at the provider.` }]
}

/** Who writes code knows `oauthKey`, not `--oauth-key`. */
function inWordsOfCode<T> (work: () => T): T {
  const spoken = (text: string) => text.replace(/--([a-z]+(?:-[a-z]+)*)/g, (flag, name: string) => optionNames.find(option => flagOf(option) === name) ?? flag)
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.problems.map(({ setting, message, fix }) => ({ setting, message: spoken(message), fix: spoken(fix) })))
  }
}

/** Events of the HTTP server by which a request could reach the app other than through its router. */
const DOORS = ['request', 'upgrade', 'connect', 'checkContinue', 'checkExpectation']

function besideRouter (app: FastifyInstance, event: string, more: number): ConfigProblem[] {
  const known = event === 'request' || (event === 'upgrade' && app.hasDecorator('websocketServer')) ? 1 : 0 // Fastify's own, and @fastify/websocket's, which leads through the router
  if (!DOORS.includes(event) || app.server.listenerCount(event) + more <= known) return []
  return [{ setting: 'oauthGate', message: `Something listens for “${event}” on the app’s HTTP server, where the gate is not asked.`, fix: event === 'upgrade' ? 'Register @fastify/websocket on the app; for any other websocket server run the gate in front, with createGate or oauth-gate serve.' : 'Use a route or a hook of the app instead.' }]
}

/** Functions of the app that Fastify calls instead of any hook. */
const BEFORE_HOOKS = ['frameworkErrors', 'defaultRoute', 'onBadUrl', 'onMaxParamLength']

function unguardable (app: FastifyInstance): ConfigProblem[] {
  const problem = (message: string, fix: string): ConfigProblem => ({ setting: 'oauthGate', message, fix })
  const own = Object.getOwnPropertySymbols(app).find(symbol => symbol.description === 'fastify.options')
  const options = own === undefined ? undefined : (app as unknown as Record<symbol, Readonly<Record<string, unknown>>>)[own]
  // Fastify makes the instances of scopes from that of the app around them.
  if (Object.getPrototypeOf(app) !== Object.prototype || options === undefined) return [problem('The plugin is registered inside another one, so the app around it would stay open.', 'Register it on the instance that fastify() returned.')]
  const given = { ...options, ...(app.initialConfig as Readonly<Record<string, object | undefined>>)['routerOptions'] } as Readonly<Record<string, unknown>> // the first has defaults in its own
  return [
    ...app.initialConfig.http2 === true ? [problem('The app speaks HTTP/2, and the gate HTTP/1.1 only.', 'Leave out http2; a proxy in front may speak it.')] : [],
    ...BEFORE_HOOKS.filter(option => given[option] !== undefined).map(option => problem(`The app has ${option}, which is called before anybody is asked who they are.`, 'Leave it out.'))
  ]
}

function refuse (problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(problems)
}

function withoutQuery ({ method, url, host, ip }: FastifyRequest): object {
  return { method, url: url.replace(/\?.*/s, ''), host, remoteAddress: ip }
}

function prepareUpgrade (raw: IncomingMessage, response: ServerResponse): void {
  raw.pendingUpgrade = { socket: raw.socket, head: Buffer.alloc(0) }
  // A refused one: no parser reads this connection any more.
  response.shouldKeepAlive = false
  response.on('finish', () => raw.socket.destroySoon())
}
