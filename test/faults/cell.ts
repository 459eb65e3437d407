import type { Test } from 'tap'
import { Visitor } from '../fixtures/visitor.ts'
import { faults, type Kind } from './expected.ts'
import { moments, outcomeOf, type Moment } from './moments.ts'
import { secretsOf, type Link, type Stage } from './stage.ts'

export interface Cell { readonly link: Link, readonly moment: Moment, readonly kind: Kind }

/** Milliseconds in which all is well again by itself: a connection that was struck is given up by then, and a store is looked for every two seconds. */
const RECOVERS = 15_000

/** Milliseconds after which a store whose answers were wrong once has been tried again, by the gate itself. */
const BEAT = 1_200

/** What somebody may get who only asked at the wrong moment. */
const NONE = /^(?:served|cut|GATE_(?:UPSTREAM|STORE)_[A-Z_]+)$/
const STRANGER = /^(?:signed out|GATE_STORE_UNAVAILABLE)$/

/** Strikes one way at one moment, looks what becomes of everybody, and has it well again. @param expected outcomes, with a bar between them */
export async function play (t: Test, stage: Stage, { link, moment, kind }: Cell, expected: string): Promise<void> {
  const { links, log, app } = stage
  const [lines, asked, tokens] = [log.length, app.asked.length, tokenRequests(stage)]
  let others: Promise<readonly string[]> | undefined
  const outcome = await moments[moment](stage, {
    link, silent: expected === 'silent',
    async strike () {
      await links[link].set(faults[link][kind])
      others = bystanders(stage)
    },
    lift: () => links[link].lift()
  })
  t.ok(expected.split('|').includes(outcome), `${outcome}, and ${expected} was expected`)
  const [own = '', stranger, forger, ping] = await others ?? []
  t.ok(NONE.test(own), `somebody else gets their own answer, or none: ${own}`)
  for (const found of [stranger, forger]) t.match(found, STRANGER, 'nobody is let in')
  t.equal(ping, '200', 'the gate lives')
  if (moment === 'login') t.ok(tokenRequests(stage) - tokens <= 1, 'the code is sent once at most')
  await links[link].lift()
  t.strictSame(await recovered(stage, link), ['served', 'served'], 'both are signed in, by the same cookies')
  const said = log.slice(lines)
  if (moment === 'login') t.match(await new Visitor().signIn(`${stage.origin}/page`, 'ada'), { status: 200 }, 'and people can sign in')
  if (moment === 'refresh') await renewedAfter(t, stage, lines, link === 'provider' && FAILS.has(kind))
  t.strictSame(app.asked.slice(asked).filter(({ user }) => user !== 'ada@example.com' && user !== 'ben@example.com'), [], 'the app is asked by nobody else')
  t.strictSame(log.slice(lines).filter(({ event, code }) => event === 'session.ended' || code === 'GATE_UNEXPECTED'), [], 'nobody is signed out, nothing is unexpected')
  if (outcome === 'cut' && moment !== 'websocket') t.ok(said.some(({ event, detail, hint }) => event === 'answer.cut' && String(detail).includes(`:${links[link].port}`) && hint !== undefined), 'the log says of an answer that it was cut, and why')
  if (outcome.startsWith('GATE_')) t.ok(said.some(({ code, detail, hint }) => code === outcome && String(detail).includes(`:${links[link].port}`) && hint !== undefined), 'the log says which way, and what helps')
  const text = JSON.stringify(log.slice(lines))
  t.strictSame(secretsOf(stage).filter(secret => text.includes(secret)), [], 'the log gives nothing away')
  const isCalm = () => links.app.open <= 6 && links.provider.open <= 6 && links.store.open === 2
  await until(async () => isCalm())
  t.ok(isCalm(), `nothing is left open: ${links.app.open} to the app, ${links.provider.open} to the provider, ${links.store.open} to the store`)
}

const FAILS: ReadonlySet<Kind> = new Set(['drip', 'refuse', 'reset', 'half-close', 'truncate', 'hang', 'garbage'])

/** What could not be renewed is tried again after ten seconds. */
async function renewedAfter (t: Test, { origin, ada, ben, log, running }: Stage, lines: number, failed: boolean): Promise<void> {
  const users = (event: string) => log.slice(lines).filter(line => line['event'] === event).map(({ user }) => String(user).split('@')[0]).toSorted()
  t.equal(users('session.refresh_failed').includes('ada'), failed, 'what failed is said')
  if (failed) {
    t.strictSame(users('session.refreshed'), [])
    running.outside.advance(10_000)
    await Promise.all([ada, ben].map(visitor => visitor.navigate(`${origin}/page`)))
  }
  await until(async () => users('session.refreshed').length >= 2)
  t.strictSame(users('session.refreshed'), ['ada', 'ben'], 'the tokens of both are renewed, once')
}

async function recovered ({ origin, links, ada, ben }: Stage, link: Link): Promise<readonly string[]> {
  let found: readonly string[] = []
  const settle = () => until(async () => {
    const { status } = await new Visitor().ask(`${origin}/ready`)
    found = [await outcomeOf(ada.navigate(`${origin}/page`), 'ada'), await outcomeOf(ben.navigate(`${origin}/page`), 'ben')]
    return status === 200 && found.every(outcome => !NONE.test(outcome) || outcome === 'served')
  })
  await until(async () => links[link].struck === 0)
  await settle()
  if (link !== 'store') return found
  await new Promise(resolve => { setTimeout(resolve, BEAT) })
  await settle()
  return found
}

async function bystanders ({ origin, ben }: Stage): Promise<readonly string[]> {
  const forged = { headers: { cookie: `oauth-gate-${new URL(origin).port}=${'Zm9yZ2Vk'.repeat(40)}` } }
  return await Promise.all([
    outcomeOf(ben.navigate(`${origin}/page`), 'ben'),
    outcomeOf(new Visitor().navigate(`${origin}/page`), 'nobody'),
    outcomeOf(new Visitor().navigate(`${origin}/page`, forged), 'nobody'),
    new Visitor().ask(`${origin}/ping`).then(({ status }) => String(status))
  ])
}

function tokenRequests ({ running }: Stage): number {
  return running.provider.requests.filter(({ path }) => path === '/token').length
}

export async function until (condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + RECOVERS; performance.now() < end && !await condition();) await new Promise(resolve => { setTimeout(resolve, 20) })
}
