// The tables of docs/conformance.md, as the tests have them.
import { sessionTests } from './session-tests.ts'
import { signInTests } from './sign-in-tests.ts'
import { PROFILES, type ConformanceTest, type Profile } from './tests.ts'

const HEAD = '| test | the provider | the gate | result | held by |\n|---|---|---|---|---|\n'
const FILES = [['sign-in', signInTests], ['session', sessionTests]] as const

/** All tests, in the order of their files. */
export const all: readonly ConformanceTest[] = [...signInTests, ...sessionTests]

/** The sections with the tables: what a page has between “Test by test” and the next heading of its kind. */
export function tables (): string {
  return (Object.keys(PROFILES) as Profile[]).map(profile => `### ${PROFILES[profile]}\n\n${HEAD}${FILES.flatMap(([file, tests]) => tests.filter(({ profiles }) => profiles.includes(profile)).map(test => row(test, file))).join('')}`).join('\n')
}

/** Passed, and out of how many that apply. */
export function counts (): { readonly apply: number, readonly others: number } {
  const apply = all.filter(({ right }) => right !== undefined).length
  return { apply, others: all.length - apply }
}

function row ({ name, provider, gate, right, play }: ConformanceTest, file: string): string {
  const did = right === 'refused' || play.refused !== undefined ? 'refused' : 'accepted'
  const result = right === undefined ? 'does not apply' : right === 'either' ? `${did}; either is right` : `${did}, as it should be`
  return `| \`${name}\` | ${provider} | ${gate} | ${result} | [${file}](../test/conformance/openid/${file}.test.ts) |\n`
}
