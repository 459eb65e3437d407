import { Html } from './html.ts'

/** What a page is about, at a glance; the words say it too. */
export type Sign = 'enter' | 'person' | 'good' | 'leave' | 'bad' | 'closed' | 'wait' | 'window'

const PATHS: Readonly<Record<Sign, string>> = {
  enter: 'M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M4 12h11M11 8l4 4-4 4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  good: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8 12.300l2.7 2.700L16 9.5',
  leave: 'M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M10 12h10M16 8l4 4-4 4',
  bad: 'M12 8.500v4.500M12 16.500v.01M10.3 4 2.6 17.500A2 2 0 0 0 4.3 20.500h15.400a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0Z',
  closed: 'M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM8 11V8a4 4 0 0 1 8 0v3',
  wait: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5l3.3 2',
  window: 'M14 4h6v6M20 4l-9 9M18 14v4a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h4'
}
const MOODS: Readonly<Partial<Record<Sign, string>>> = { good: 'good', bad: 'bad', closed: 'bad', wait: 'wait' }

export function icon (sign: Sign): Html {
  const mood = MOODS[sign]
  return new Html(`<div class="sign${mood === undefined ? '' : ` ${mood}`}" aria-hidden="true"><svg viewBox="0 0 24 24" focusable="false"><path d="${PATHS[sign]}"/></svg></div>`)
}
