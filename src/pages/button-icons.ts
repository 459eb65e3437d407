import { Html } from './html.ts'

const ring = 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z'
const head = (x: number) => `M${x} 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z`

/** Drawings of our own, 24 by 24, by the names that Grafana's icons have. A brand is a letter in a ring. */
const drawings: Readonly<Record<string, string>> = {
  signin: 'M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M4 12h11M11 8l4 4-4 4',
  lock: 'M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM8 11V8a4 4 0 0 1 8 0v3',
  'key-skeleton-alt': 'M8 20a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM11 13 19.500 4.500M16 8l3 3',
  user: `${head(12)}M5 20c.7-3.500 3.600-5 7-5s6.300 1.500 7 5`,
  'users-alt': `${head(9)}M2.500 20c.6-3.500 3.300-5 6.500-5s5.900 1.500 6.500 5M15.500 5.300a3.500 3.500 0 0 1 0 6.400M18 15.200c2 .7 3.200 2.200 3.500 4.800`,
  building: 'M5 21V4.500a1 1 0 0 1 1-1h8a1 1 0 0 1 1 1V21M15 9h3a1 1 0 0 1 1 1v11M3 21h18M8.500 8h3M8.500 12h3M8.500 16h3',
  cloud: 'M7 19a4.500 4.500 0 0 1-.6-8.960A6 6 0 0 1 18 9.500a4.800 4.800 0 0 1-.5 9.500Z',
  shield: 'M12 3 5 6v5.500c0 4.300 2.800 7.800 7 9.500 4.200-1.700 7-5.200 7-9.500V6Z',
  'shield-check': 'M12 3 5 6v5.500c0 4.300 2.800 7.800 7 9.500 4.200-1.700 7-5.200 7-9.500V6ZM9 12l2.200 2.200L15 10.300',
  globe: `${ring}M3 12h18M12 3c5 5.500 5 12.500 0 18M12 3c-5 5.500-5 12.500 0 18`,
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4.200 4.200 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4.200 4.200 0 0 0 6 6l1-1',
  envelope: 'M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1ZM3.500 7l8.500 6.500L20.500 7',
  github: `${ring}M15 9.300a4 4 0 1 0 .8 3.700H12.500`,
  gitlab: `${ring}M10 7.500v9h4.500`,
  google: `${ring}M15.300 9.500a4.200 4.200 0 1 0 .9 2.800H12.500`,
  microsoft: `${ring}M8 16.500v-9l4 5.500 4-5.500v9`,
  okta: `${ring}M12 15.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Z`,
  bitbucket: `${ring}M9.500 7.500h3.300a2.200 2.200 0 0 1 0 4.500H9.500h3.800a2.250 2.250 0 0 1 0 4.500H9.500Z`
}

/** The names that are drawn. */
export const buttonIcons: readonly string[] = Object.freeze(Object.keys(drawings))

/** For the eye alone: the label says it. A name that is not drawn is `signin`. */
export function buttonIcon (name: string): Html {
  const path = Object.hasOwn(drawings, name) ? drawings[name] : drawings['signin']
  return new Html(`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${path ?? ''}"/></svg>`)
}
