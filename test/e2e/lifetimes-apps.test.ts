// How long a session lasts, before apps that people really have: a Bokeh server and a Jupyter server. With a plain client: lifetimes.test.ts.
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { freePort, startGate } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { personCalled } from '../fixtures/people.ts'
import { startBokeh, startJupyter, type App } from '../fixtures/real-apps.ts'
import { Visitor } from '../fixtures/visitor.ts'

t.setTimeout(120_000)

const MINUTE = 60_000

async function hold (t: Test, app: App, port: number, settings: Settings) {
  const running = await startGate(t, { port, app: { url: app.url, received: [] }, settings, provider: { people: [personCalled('ada')], refreshTokens: true, accessTokenLife: 120 } })
  const visitor = new Visitor()
  await visitor.signIn(`${running.origin}/`, 'ada')
  const opened = await app.open(running, visitor)
  t.teardown(() => { opened.socket.terminate() })
  const ended = once(opened.socket, 'close') as Promise<[code: number, reason: Buffer]>
  return { ...running, visitor, ...opened, ended, isOpen: () => opened.socket.readyState === WebSocket.OPEN }
}

/** @returns what it was closed with, or that it was not, within a second */
async function endOf (ended: Promise<[code: number, reason: Buffer]>): Promise<string> {
  return await Promise.race([ended.then(([code, reason]) => `${code} ${reason.toString()}`), wait(1000, 'open')])
}

for (const [name, start] of [['a Bokeh server', startBokeh], ['a Jupyter server', startJupyter]] as const) {
  t.test(`${name}: its person’s messages keep a session alive, its own and its pings do not; ten refreshes close nothing, and a sign-out does`, onlyInCi(`a real app, ${name}`), async t => {
    const port = await freePort()
    const app = await start(t, port)
    if (app === null) return
    const idle = await hold(t, app, port, { sessionIdle: '30m' })
    for (let count = 0; count < 3; count++) {
      idle.outside.advance(29 * MINUTE)
      await idle.say()
      await wait(600)
    }
    t.equal(idle.isOpen(), true)
    idle.outside.advance(29 * MINUTE)
    await wait(1000) // pings and ticks
    t.equal(idle.isOpen(), true)
    idle.outside.advance(MINUTE)
    t.equal(await endOf(idle.ended), '4401 session_ended')
    await idle.gate.close()

    const { origin, outside, visitor, provider, isOpen, ended } = await hold(t, app, port, { oauthRefreshTokens: true })
    for (let count = 0; count < 10; count++) {
      outside.advance(95_000)
      await visitor.ask(`${origin}/oauth2/userinfo`)
      await visitor.navigate(`${origin}/`)
    }
    await wait(600)
    t.equal(isOpen(), true)
    t.equal(provider.requests.filter(({ path }) => path === '/token').length, 11)
    await visitor.ask(`${origin}/oauth2/sign_out`, { method: 'POST', headers: { origin } })
    t.equal(await endOf(ended), '4401 session_ended')
  })
}
