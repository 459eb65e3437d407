// How long a session lasts, before apps that people really have: a Bokeh server and a Jupyter server. With a plain client: lifetimes.test.ts.
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { Settings } from '../../src/config/options.ts'
import { keepRunning } from '../docs/stage.ts'
import { freePort, startGate, type Running } from '../fixtures/gate.ts'
import { onlyInCi } from '../fixtures/lacking.ts'
import { personCalled } from '../fixtures/people.ts'
import { python } from '../fixtures/python.ts'
import { Visitor } from '../fixtures/visitor.ts'
import { openSession, send, tokenOf } from '../panel/bokeh.ts'
import { opensFrom, startPanel } from '../panel/serve.ts'
import { handshake } from '../panel/setup.ts'

t.setTimeout(120_000)

const MINUTE = 60_000

interface Opened {
  readonly socket: WebSocket
  /** Says something as its person would, and waits until the app has heard. */
  say (): Promise<void>
}

interface App {
  readonly url: string
  open (running: Running, visitor: Visitor): Promise<Opened>
}

async function startBokeh (t: Test, port: number): Promise<App | null> {
  const interpreter = python(t, 'panel')
  if (interpreter === null) return null
  const { url } = await startPanel(t, interpreter, { apps: ['app'], flags: [opensFrom(port), '--keep-alive=200'] }) // pings five times a second
  return {
    url,
    async open (running, visitor) {
      const token = tokenOf((await visitor.navigate(`${running.origin}/app`)).body)
      const { socket, document } = await openSession(`${running.origin}/app`, token, handshake(running, visitor))
      await document()
      return { socket, say: async () => {
        const answered = once(socket, 'message')
        send(socket, 'PULL-DOC-REQ', {})
        await answered
        await wait(200)
      } }
    }
  }
}

/** Its terminal, in which a clock ticks: the app has something to say all the time. */
async function startJupyter (t: Test): Promise<App | null> {
  const interpreter = python(t, 'jupyter_server', 'terminado')
  if (interpreter === null) return null
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const folder = t.testdir({})
  await keepRunning(t, interpreter, ['-m', 'jupyter_server', `--ServerApp.port=${port}`, '--ServerApp.ip=127.0.0.1', '--ServerApp.open_browser=False', '--IdentityProvider.token=', '--ServerApp.disable_check_xsrf=True', '--ServerApp.allow_root=True', `--ServerApp.root_dir=${folder}`], {
    env: { HOME: folder, PATH: process.env['PATH'] ?? '', SHELL: '/bin/sh' },
    ready: async () => await fetch(`${url}/api`).then(({ ok }) => ok, () => false)
  })
  return {
    url,
    async open (running, visitor) {
      const made = await visitor.ask(`${running.origin}/api/terminals`, { method: 'POST', headers: { origin: running.origin } })
      const { name } = JSON.parse(made.body) as { name: string }
      const socket = new WebSocket(`${running.origin.replace('http', 'ws')}/terminals/websocket/${name}`, { headers: handshake(running, visitor) })
      let said = ''
      socket.on('error', () => {}).on('message', data => { said += (data as Buffer).toString() })
      await once(socket, 'open')
      const heard = async (word: string) => {
        while (!said.includes(word)) await wait(20)
      }
      socket.send(JSON.stringify(['stdin', 'while true; do echo tick$((1+1)); sleep 0.1; done &\r']))
      await heard('tick2')
      let count = 0
      return { socket, say: async () => {
        const word = `said${++count}`
        socket.send(JSON.stringify(['stdin', `echo ${word.slice(0, 2)}''${word.slice(2)}\r`]))
        await heard(word)
      } }
    }
  }
}

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
