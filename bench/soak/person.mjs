// One of the people of a soak: who they are, whether they are signed in, what they hold open; and the judge of every answer they get.
import { setTimeout as sleep } from 'node:timers/promises'
import { Browser } from './browser.mjs'
import { ASKER, emailOf, loginOf, MARK, randomOf, subjectOf, TOLD } from './words.mjs'

/** What an answer may be instead, while something is away that it needs. */
const EXCUSES = {
  'the app is away': ['502 GATE_UPSTREAM_UNREACHABLE', '502 GATE_UPSTREAM_ANSWER_INVALID', 'cut'],
  'tokens fail': ['502 GATE_PROVIDER_ANSWER_INVALID'],
  'tokens hang': ['504 GATE_PROVIDER_TIMEOUT'],
  'tokens are lost': ['502 GATE_PROVIDER_UNREACHABLE'],
  'the Redis is away': ['503 GATE_STORE_UNAVAILABLE']
}
const TOO_LATE = ['504 GATE_UPSTREAM_TIMEOUT', '504 GATE_PROVIDER_TIMEOUT']
const SIGNED_OUT = ['302 GATE_LOGIN_REQUIRED', '401 GATE_LOGIN_REQUIRED', '401 GATE_FORM_NOT_SENT']
/** Milliseconds by which a browser may let a cookie end too early: it is told in whole seconds. */
const EARLY = 2000
const LOOP = '400 GATE_SIGN_IN_LOOP'
/** Milliseconds: a mark lives for a minute after a sign-in, and the next sign-in takes over what it counts. */
const REMEMBERED = 130_000
/** Milliseconds by which what a clock ends may come late: a beat of the gate, and a machine that is busy. */
const LATE = 10_000

/** A mismatch is the end of the run, whatever else is well. */
export class Wrong extends Error {
  /** @param late where something took too long: between which times, by which it may be seen whether the machine was held up */
  constructor (sentence, { foreign = false, late } = {}) {
    super(sentence)
    this.foreign = foreign
    this.late = late
  }
}

export class Person {
  isSignedIn = false
  /** Between these a sign-in happened; the session ends `life` after some moment of it. */
  #signedIn = { from: 0, until: 0 }
  #mayEnd = false
  /** Whether a session may be there all the same, because a fault kept its end or its beginning from being seen. */
  #isUnsure = false
  #tryAgain
  /** When a sign-in last came to nothing. */
  #failedAt = -Infinity
  #marks = 0
  held = new Set()

  constructor (index, { gate, life, seed, faults, stats }) {
    Object.assign(this, { index, gate, life, faults, stats, subject: subjectOf(index), email: emailOf(index), login: loginOf(index), random: randomOf(seed * 10_007 + index), browser: new Browser() })
  }

  mark () {
    return `${this.index}-${++this.#marks}`
  }

  /** Sends one request, and looks whether its answer is one that this person may get. @param wanted statuses of the app, or statuses with codes of the gate */
  async ask (kind, path, { wanted = ['200'], navigates = false, ...how } = {}) {
    const mark = this.mark()
    const headers = { [ASKER]: this.index, [MARK]: mark, ...how.headers }
    const answer = await (navigates ? this.browser.navigate(this.gate + path, { ...how, headers }) : this.browser.ask(this.gate + path, { ...how, headers }))
    return this.judge(kind, { ...answer, mark, path }, wanted)
  }

  judge (kind, answer, wanted) {
    const became = whatOf(answer)
    const told = answer.headers[TOLD]
    if (told !== undefined && (told !== this.subject || answer.headers[MARK] !== answer.mark)) throw new Wrong(`${kind}: person ${this.index} with request ${answer.mark} gets the answer to ${answer.headers[MARK]} of ${told}`, { foreign: true })
    if (told !== undefined && this.#hasEnded(answer.began)) throw new Wrong(`${kind}: the session of person ${this.index} should have ended, and still counts`, { foreign: true })
    const isWanted = wanted.includes(became)
    const isOver = !isWanted && (SIGNED_OUT.includes(became) || (became === LOOP && this.#hasFailed())) && this.#mayHaveEnded()
    if (isOver) this.isSignedIn = false
    this.stats.count(isWanted ? kind : isOver ? 'their session had ended' : 'refused during a fault', isWanted ? answer.ms : undefined)
    if (isWanted || isOver || this.#isExcused(became, answer.began)) return { ...answer, became, isWanted }
    throw new Wrong(`${kind}: person ${this.index} wants ${wanted.join(' or ')} of ${answer.path.split('?', 1)[0]}, and gets ${became} after ${Math.round(answer.ms)} ms, as ${answer.headers['x-request-id'] ?? 'no request of ours'}${this.faults.about(answer.began)}`, TOO_LATE.includes(became) ? { late: [answer.began, Date.now()] } : {})
  }

  async signIn () {
    const before = Date.now()
    await this.#leaveWhatEnded()
    const mark = this.mark()
    const headers = { [ASKER]: this.index, [MARK]: mark }
    const question = await this.browser.follow(this.#tryAgain ?? `${this.gate}/page?signing-in`, { headers })
    this.#tryAgain = undefined
    const isAsked = question.address.includes('/interaction/')
    const begun = Date.now()
    const body = Buffer.from(`login=${this.login}`)
    const answer = isAsked ? await this.browser.follow(question.address, { method: 'POST', body, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' } }) : question
    const wasUnsure = this.#isUnsure
    if (isAsked) this.#mayEnd = false
    this.#signedIn = { from: isAsked ? begun : this.#signedIn.from, until: Date.now() }
    // Who has signed in a minute ago, and since then tried it again and again while something was away, is told so, and goes on by the link of that page.
    const { isWanted: isAnswered, became } = this.judge('sign-in', { ...answer, mark, path: answer.address, began: before, ms: Date.now() - before }, this.#hasFailed() ? ['200', LOOP] : ['200'])
    if (became === LOOP) this.#tryAgain = new URL(/href="([^"]*\/start[^"]*)"/.exec(answer.body)[1].replaceAll('&amp;', '&'), this.gate).href
    const isWanted = isAnswered && became !== LOOP
    if (!isAsked && isWanted && !wasUnsure) throw new Wrong(`person ${this.index} is signed in without having signed in`, { foreign: true })
    this.isSignedIn = isWanted
    this.#isUnsure = !isWanted
    if (!isWanted) this.#failedAt = Date.now()
  }

  /** By the button; after it the cookie is dead, and so is what was open. */
  async signOut () {
    const cookie = this.browser.cookieFor(`${this.gate}/`)
    this.#mayEnd = true // what is open ends before the answer comes
    const { isWanted } = await this.ask('sign-out', '/oauth2/sign_out', { method: 'POST', headers: { origin: this.gate }, wanted: ['200 GATE_OK'] })
    this.isSignedIn = false
    if (isWanted) {
      for (const end = Date.now() + LATE; ;) {
        const { became, began } = await this.browser.ask(`${this.gate}/page`, { cookie, headers: { [ASKER]: this.index, [MARK]: 'a dead cookie' } }).then(answer => ({ ...answer, became: whatOf(answer) }))
        this.stats.count('a dead cookie')
        if (SIGNED_OUT.includes(became) || this.#isExcused(became, began)) break
        if (Date.now() > end || !this.faults.hasOthers) throw new Wrong(`person ${this.index} has signed out, and their cookie still gets ${became}${this.faults.about(began)}`, { foreign: true })
        await sleep(50) // another worker may hear of it a moment later
      }
    } else {
      this.#isUnsure = true
    }
    await this.#leaveWhatEnded()
  }

  /** What they hold open is over with their session, and within a moment of it. */
  async #leaveWhatEnded () {
    for (const end = Date.now() + LATE; this.held.size > 0 && Date.now() < end;) await sleep(50)
    if (this.held.size > 0 && !this.#mayEnd && !this.#isUnsure) throw new Wrong(`${[...this.held].map(({ kind }) => kind).join(' and ')} of person ${this.index} outlived their session by ${LATE} ms`)
    for (const each of this.held) each.leave()
  }

  /** Something was lost on the way that ends their session. */
  mayEndSoon () {
    this.#mayEnd = true
  }

  mayLose (began) {
    return !this.isSignedIn || this.#mayHaveEnded() || this.#isExcused('cut', began)
  }

  /** So lately that a redirect before it may still be counted with one that comes now. */
  #hasFailed () {
    return Date.now() < this.#failedAt + REMEMBERED
  }

  #mayHaveEnded () {
    return !this.isSignedIn || this.#mayEnd || Date.now() >= this.#signedIn.from + this.life - EARLY
  }

  #hasEnded (at) {
    return this.isSignedIn && at > this.#signedIn.until + this.life + LATE
  }

  #isExcused (became, began) {
    return this.faults.since(began).some(fault => EXCUSES[fault]?.includes(became))
  }
}

/** An answer in a word or two: the status, with the gate's own code where it is of the gate; or how there was none. */
export function whatOf ({ status, headers, end, error }) {
  if (end === 'left') return 'left'
  if (end === 'none') return `nothing (${error ?? 'closed'})`
  if (end === 'cut') return 'cut'
  return headers['x-oauth-gate'] === undefined ? String(status) : `${status} ${headers['x-oauth-gate']}`
}
