import type { FastifyInstance } from 'fastify'
import backchannelLogout from './backchannel-logout.ts'
import callback from './callback.ts'
import type { LoginFlow } from './login-flow.ts'
import logo from './logo.ts'
import pause from './pause.ts'
import signIn from './sign-in.ts'
import signOut from './sign-out.ts'
import signedOut from './signed-out.ts'
import start from './start.ts'
import userinfo from './userinfo.ts'
import withHandler from './with-handler.ts'

export type Route = (scope: FastifyInstance, flow: LoginFlow) => Promise<void>

/** Every endpoint below the proxy prefix. A new one is its file and its line here. */
const routes: readonly Route[] = [start, callback, signIn, signOut, signedOut, backchannelLogout, userinfo, pause, logo, withHandler]

/** Each in a scope of its own, so that a form parser of one is not there for the others. */
export default async function ownRoutes (app: FastifyInstance, { flow }: { readonly flow: LoginFlow }): Promise<void> {
  for (const route of routes) await app.register(async scope => {
    scope.removeAllContentTypeParsers() // a route takes what it says it takes
    await route(scope, flow)
  })
}
