import type { Outside } from '../outside.ts'
import { namelessOf, nameOf, sidOf, subjectOf, wordFor, wordForAll, wordOf, type Bound, type OfSubject, type Revoked } from './revoked-words.ts'
import type { SealedSession } from './session.ts'

/** What of a session revocations go by. */
export type Revocable = Pick<SealedSession, 'id' | 'identity' | 'startedAt' | 'expiresAt' | 'sid' | 'sub'>

/** Words that say less exactly what others did, which are needless then. */
export interface Coarser { readonly words: Map<string, number>, readonly instead: string[] }

export interface RevokedOptions {
  readonly outside: Pick<Outside, 'now'>
  /** Milliseconds from any sign-in to its absolute end, as it is when asked: no revocation has to be kept for longer. */
  readonly lifetime: number
  /** Told when older sessions had to end for lack of room, and up to which beginning. */
  readonly overflowed?: (startedAt: number) => void
  /** Entries in all. */
  readonly room?: number
}

const ROOM = 100_000
/** Sessions of one subject that are remembered one by one: with one more, all that it began up to then have ended. */
const OF_SUBJECT = 32

/**
 * Nothing is forgotten before its time. Where there is no room, what is remembered gets coarser, and ends more sessions than it must:
 * first all of one subject up to now, and in the end, of everybody, those that began first.
 */
export function createRevoked (options: RevokedOptions) {
  const { outside, overflowed = () => {}, room = ROOM } = options
  /** By the name of a session here, or of one at a provider. */
  const sessions = new Map<string, Revoked>()
  /** All sessions of a subject that began by then; each with its own end. */
  const subjects = new Map<string, OfSubject>()
  const counts = new Map<string, number>()
  let floor: Bound = { startedAt: -Infinity, until: 0 }
  let coarser: Coarser = { words: new Map(), instead: [] }

  const forget = (id: string, { subject }: Revoked): void => {
    sessions.delete(id)
    const count = (counts.get(subject) ?? 1) - 1
    if (count > 0) counts.set(subject, count)
    else counts.delete(subject)
  }
  const sweep = (): void => {
    const now = outside.now()
    for (const [id, entry] of sessions) if (entry.until <= now) forget(id, entry)
    for (const [subject, { until }] of subjects) if (until <= now) subjects.delete(subject)
  }
  /** A tenth goes at a time, so that the next of a flood need not look through all again. */
  const coarsen = (): void => {
    if (sessions.size + subjects.size < room) return
    const oldest = [...sessions.values(), ...subjects.values()].map(({ startedAt }) => startedAt).sort((one, other) => one - other)
    const startedAt = oldest[Math.floor(oldest.length / 10)] as number
    raise({ startedAt, until: startedAt + options.lifetime })
    coarser.words.set(wordForAll(floor), floor.until)
    overflowed(floor.startedAt)
  }
  const raise = ({ startedAt, until }: Bound): void => {
    coarser.instead.push(wordForAll(floor))
    floor = { startedAt: Math.max(floor.startedAt, startedAt), until: Math.max(floor.until, until) }
    for (const [id, entry] of sessions) if (entry.startedAt <= floor.startedAt) putOut(wordOf(id, entry), () => forget(id, entry))
    for (const [subject, entry] of subjects) if (entry.startedAt <= floor.startedAt) putOut(wordFor(subject, entry), () => subjects.delete(subject))
  }
  const putOut = (word: string, drop: () => void): void => {
    coarser.instead.push(word)
    drop()
  }
  /** @param all has what is remembered of sessions that begin later become part of it */
  const takeSubject = (subject: string, upTo: number, until: number, { all = false, byProvider = -Infinity } = {}): void => {
    const before = subjects.get(subject)
    const ended = counts.has(subject) ? [...sessions].filter(([, entry]) => entry.subject === subject && (all || entry.startedAt <= upTo)) : []
    const startedAt = Math.max(upTo, before?.startedAt ?? -Infinity, ...all ? ended.map(([, { told }]) => Math.min(told, outside.now())) : [])
    const now = { startedAt, until: Math.max(until, before?.until ?? 0), byProvider: Math.max(byProvider, before?.byProvider ?? -Infinity) }
    if (before === undefined) coarsen()
    else coarser.instead.push(wordFor(subject, before))
    for (const [id, entry] of ended) putOut(wordOf(id, entry), () => forget(id, entry))
    subjects.set(subject, now)
    coarser.words.set(wordFor(subject, now), now.until)
  }
  const take = (id: string, entry: Revoked): void => {
    const before = sessions.get(id)
    if (covered(entry) || (before !== undefined && before.startedAt >= entry.startedAt)) return
    if (before !== undefined) putOut(wordOf(id, before), () => forget(id, before))
    const count = counts.get(entry.subject) ?? 0
    if (count >= OF_SUBJECT) return takeSubject(entry.subject, Math.min(entry.told, outside.now()), outside.now() + options.lifetime, { all: true }) // who signs in again now is not meant
    coarsen()
    sessions.set(id, entry)
    counts.set(entry.subject, (counts.get(entry.subject) ?? 0) + 1)
  }
  const covered = ({ subject, startedAt }: Pick<Revoked, 'subject' | 'startedAt'>): boolean => startedAt <= floor.startedAt || startedAt <= (subjects.get(subject)?.startedAt ?? -Infinity)

  const isOver = (id: string, startedAt: number): boolean => startedAt <= (sessions.get(id)?.startedAt ?? -Infinity)
  const has = ({ id, identity: { provider, subject }, startedAt, sid, sub = subject }: Revocable): boolean => {
    const isOf = (name: string) => covered({ subject: subjectOf(provider, name), startedAt }) || (sid === undefined && covered({ subject: namelessOf(provider, name), startedAt }))
    // A name is a digest: none is made where there is nothing to compare it with.
    return startedAt <= floor.startedAt || (sessions.size > 0 && (isOver(nameOf(id), startedAt) || (sid !== undefined && isOver(sidOf(provider, sid), startedAt)))) ||
      (subjects.size > 0 && (isOf(subject) || (sub !== subject && isOf(sub))))
  }

  const isByProvider = ({ id, identity: { provider, subject }, startedAt, sid, sub = subject }: Revocable): boolean => {
    const isOf = (name: string) => startedAt <= (subjects.get(name)?.byProvider ?? -Infinity)
    if (isOver(nameOf(id), startedAt)) return false
    return [subject, sub].some(name => isOf(subjectOf(provider, name)) || (sid === undefined && isOf(namelessOf(provider, name)))) || (sid !== undefined && isOver(sidOf(provider, sid), startedAt))
  }

  /** Takes a word of revoked-words.ts. It may be heard again, much later: what it means goes by what it says, not by when that is. */
  const hear = (word: string): Coarser | null => {
    const [kind, ...parts] = word.split(' ')
    const [startedAt, until] = parts.slice(-2).map(Number) as [number, number]
    coarser = { words: new Map(), instead: [] }
    if (!(until > outside.now())) return null
    if (sessions.size + subjects.size >= room) sweep()
    if (kind === 's') take(parts[0] as string, { subject: parts[1] as string, startedAt, told: parts.length > 4 ? Number(parts[2]) : startedAt, until })
    if (kind === 'u') takeSubject(parts[0] as string, startedAt, until, parts.length > 3 ? { byProvider: Number(parts[1]) } : {})
    if (kind === 'f') raise({ startedAt, until })
    return coarser
  }
  /** What others have to know of what was heard: what stands for it, where it is one of many. */
  const standsFor = (word: string, until: number): readonly [word: string, until: number] => {
    const [, , subject = '', ...times] = word.split(' ')
    const startedAt = times.at(-2)
    const of = subjects.get(subject)
    if (!word.startsWith('s ') || !covered({ subject, startedAt: Number(startedAt) })) return [word, until]
    return of !== undefined && Number(startedAt) <= of.startedAt ? [wordFor(subject, of), of.until] : [wordForAll(floor), floor.until]
  }
  const words = (): Map<string, number> => new Map([
    ...[...sessions].map(([id, entry]) => [wordOf(id, entry), entry.until] as const),
    ...[...subjects].map(([subject, entry]) => [wordFor(subject, entry), entry.until] as const),
    ...floor.until > outside.now() ? [[wordForAll(floor), floor.until] as const] : []
  ])
  return { has, isByProvider, hear, standsFor, words }
}
