import type { AddressInfo } from 'node:net'
import { loadConfig } from '../config/load.ts'
import { startApp } from '../demo/app.ts'
import { DemoRefused, requireLoopback } from '../demo/loopback.ts'
import { people } from '../demo/people.ts'
import { startProvider } from '../demo/provider.ts'
import { createGate } from '../gate.ts'
import { outside } from '../outside.ts'
import { stopWithGrace } from './stop.ts'

export interface DemoOptions {
  readonly port?: number
  readonly address?: string
}

/** Milliseconds that the three servers get to end by themselves. */
const patience = 700

/**
 * Everything on this machine: a provider with four people, a sample app, and the gate in front of it.
 *
 * @returns the exit code, once a signal ended it or it could not start
 */
export async function demo ({ port = 4180, address = '127.0.0.1' }: DemoOptions = {}): Promise<number> {
  try {
    const running = await start(port, address)
    process.stdout.write(welcome(running.url))
    return await untilStopped(running.close)
  } catch (error) {
    if (!(error instanceof DemoRefused)) throw error
    process.stderr.write(`oauth-gate: ${error.message}\n`)
    return 1
  }
}

async function start (port: number, address: string): Promise<{ url: string, close: () => Promise<void> }> {
  requireLoopback(address)
  const closers: (() => Promise<void>)[] = []
  const close = async () => { await Promise.all(closers.map(end => end())) }
  try {
    const client = { id: 'demo', secret: secret(), redirectUris: [] }
    // By name, so that it is another site than the gate's 127.0.0.1, as a real provider is: cookies of one never reach the other.
    const provider = await startProvider({ clients: [client], address: 'localhost', remembers: false })
    closers.push(provider.close)
    const app = await startApp()
    closers.push(app.close)
    const gate = await createGate(configure({ port, address, upstream: app.url, issuer: provider.issuer, client }))
    closers.push(() => gate.close())
    const bound = await listen(() => gate.listen({ port, host: address }), () => gate.server.address() as AddressInfo, port)
    const origins = [...new Set([address, '127.0.0.1', 'localhost'])].map(host => originOf(host, bound))
    provider.setRedirectUris(client.id, origins)
    return { url: `${originOf(address, bound)}/`, close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Setup { port: number, address: string, upstream: string, issuer: string, client: { id: string, secret: string } }

function configure ({ port, address, upstream, issuer, client }: Setup) {
  return loadConfig({
    env: {}, // what is set for a real gate has no say here
    settings: {
      port, address, upstream: [upstream],
      oauthProvider: 'oidc', oauthIssuer: issuer, oauthKey: client.id, oauthSecret: client.secret,
      cookieSecret: secret(),
      logLevel: 'warn',
      rules: [
        { path: '/public', allow: 'public' },
        { path: '/admin', allow: { groups: ['admins'] } },
        { path: '/editors', allow: { groups: ['admins', 'editors'] } },
        { path: '/', allow: 'signed-in' }
      ]
    }
  }).config
}

async function listen (begin: () => Promise<string>, address: () => AddressInfo, port: number): Promise<number> {
  try {
    await begin()
    return address().port
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw new DemoRefused(`Port ${port} is in use. Take another one: oauth-gate demo --port=0 finds any that is free.`, { cause })
    throw new DemoRefused(`The gate cannot listen: ${message}`, { cause })
  }
}

function secret (): string {
  return outside.random(32).toString('base64url')
}

function originOf (host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function welcome (url: string): string {
  const rows = people.map(({ claims, about }) => `    ${String(claims['name']).padEnd(14)}${about}`)
  return `
  Open  ${url}

  and sign in as one of four people:
${rows.join('\n')}

  Nothing leaves this machine and nothing is kept. Ctrl-C ends it.

`
}

/** Resolves with the exit code after SIGINT or SIGTERM, when all is closed or patience is over. */
function untilStopped (close: () => Promise<void>): Promise<number> {
  return new Promise(resolve => {
    stopWithGrace({ delay: false, logger: false }, async ({ err }) => {
      if (err) process.stderr.write(`${err.stack ?? err.message}\n`)
      let timer: NodeJS.Timeout | undefined
      await Promise.race([close(), new Promise(done => { timer = setTimeout(done, patience) })])
      clearTimeout(timer)
      resolve(0)
    })
  })
}
