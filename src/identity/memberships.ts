import type { Claims } from '../claims.ts'
import { readDocument, type Expression } from './jmespath.ts'
import { clean } from './text.ts'
import type { Trace } from './trace.ts'

/**
 * The ids of somebody's teams, of all pages: by the path where there is one (texts, and whole numbers as text), else the whole numbers
 * in `id` of a list of objects, as Grafana reads its `/teams`.
 */
export function teamsIn (pages: readonly Claims[], path: Expression | undefined, trace: Trace): readonly string[] {
  const ids = pages.flatMap(page => path === undefined ? page.list().flatMap(team => asId(team.raw('id'), false)) : listIn(path.asValue(readDocument(page))))
  trace.note({ field: 'teams', source: 'teams', how: path === undefined ? 'the id of each' : `team-ids-attribute-path (${path.text})`, ...ids.length > 0 ? { value: ids } : { why: 'no team' } })
  return ids
}

/** The `login` of each record, as Grafana reads its `/orgs`. */
export function organizationsIn (pages: readonly Claims[], trace: Trace): readonly string[] {
  const names = pages.flatMap(page => page.list().flatMap(organization => clean(organization.raw('login')) ?? []))
  trace.note({ field: 'organizations', source: 'organizations', how: 'the login of each', ...names.length > 0 ? { value: names } : { why: 'no organization' } })
  return names
}

function listIn (result: unknown): string[] {
  return Array.isArray(result) ? result.flatMap(item => asId(item, true)) : []
}

function asId (item: unknown, mayBeText: boolean): string[] {
  if (typeof item === 'number' && Number.isSafeInteger(item)) return [String(item)]
  const text = mayBeText ? clean(item) : undefined
  return text === undefined ? [] : [text]
}
