// What there can be more of, and how much of it is measured.
import { mostIdle } from './sockets/ends.mjs'

const KIB = 1024
const label = number => number.toLocaleString('en')

/** Rules nobody's request falls under, and one that everybody's does: the first of them, or the last. */
function rulesOf (count, at) {
  const rules = Array.from({ length: count - 1 }, (_none, index) => ({ path: `/area-${index}/reports`, allow: { groups: [`group-${index}`] } }))
  const own = { path: '/1k', allow: 'signed-in' }
  return at === 'first' ? [own, ...rules] : [...rules, own]
}

/** As many websockets are open as this machine lets be. */
export const panels = () => [
  { panel: 'sessions', heading: 'Sessions', unit: 'sessions, each asking in turn', points: [1, 10, 100, 1000, 10_000, 100_000].map(at => ({ at, title: label(at), people: at })) },
  {
    panel: 'rules', heading: 'Rules', unit: 'rules',
    points: ['last', 'first'].flatMap(series => [1, 10, 100, 1000].map(at => ({ at, series, title: `${label(at)}, the ${series} one fits`, rules: rulesOf(at, series) }))).filter(({ at, series }) => at > 1 || series === 'last')
  },
  { panel: 'websockets', heading: 'Open websockets', unit: 'websockets that are open and idle', points: [0, 100, 1000, mostIdle()].map(at => ({ at, title: label(at), open: at })) },
  { panel: 'size', heading: 'Size of a session', unit: 'KiB of a session before it is sealed', points: [0.5, 1, 2, 5, 10, 20].map(at => ({ at, title: `${at} KiB`, bytes: at * KIB })) }
]
