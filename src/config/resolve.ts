import { isDeepStrictEqual } from 'node:util'
import { Problem, Problems, type ConfigProblem } from './config-error.ts'
import { Repeated, type GivenFile } from './kinds/kind.ts'
import { flagOf, spokenName, specOf } from './names.ts'
import { options, type OptionName } from './options.ts'
import { levels, type Candidate, type Level } from './sources.ts'

/** Where the value of a setting came from. */
export interface Source {
  readonly level: Level | 'default'
  /** `--port`, `OAUTH_GATE_PORT`, `port in gate.yaml`, `default`. */
  readonly from: string
  /** The value as it was written, fit to be printed: a secret is `(set)`. */
  readonly shown: string
  /** The names of what else was given and did not count. */
  readonly overrode: readonly string[]
}

export interface Resolved {
  readonly value: unknown
  readonly source: Source
}

interface Read { readonly candidate: Candidate, readonly value: unknown }

/** Decides one setting. What is wrong goes to `problems`; nothing is returned then. */
export function resolve (option: OptionName, candidates: readonly Candidate[], readFile: (path: string) => Buffer, problems: ConfigProblem[], notices: string[]): Resolved | undefined {
  const reads: Read[] = []
  for (const candidate of candidates) {
    try {
      reads.push({ candidate, value: read(candidate, readFile) })
    } catch (error) {
      problems.push(...problemsOf(candidate.option, candidate.from, error))
    }
  }
  if (reads.length < candidates.length) return undefined
  const sorted = reads.sort((one, other) => levels.indexOf(one.candidate.level) - levels.indexOf(other.candidate.level))
  const conflict = conflictIn(sorted)
  if (conflict !== undefined) {
    problems.push(conflict)
    return undefined
  }
  return decided(option, sorted, notices)
}

function decided (option: OptionName, [winner, ...others]: readonly Read[], notices: string[]): Resolved {
  if (winner === undefined) return { value: specOf(option).default, source: { level: 'default', from: 'default', shown: show(specOf(option).default), overrode: [] } }
  const { candidate, value } = winner
  const remark = candidate.inFile ? undefined : options[option].remark?.(candidate.raw)
  if (remark !== undefined) notices.push(`${candidate.from}${remark.startsWith(':') ? '' : ' '}${remark}`)
  const overrode = others.filter(other => !isDeepStrictEqual(other.value, value)).map(other => other.candidate.from)
  if (overrode.length > 0) notices.push(`${candidate.from} overrides ${overrode.join(' and ')}`)
  return { value, source: { level: candidate.level, from: candidate.from, shown: specOf(option).secret === true ? '(set)' : show(candidate.raw), overrode } }
}

/** Each refusal with the setting and where its value came from. */
export function problemsOf (option: OptionName, from: string, error: unknown): ConfigProblem[] {
  if (!(error instanceof Problem)) throw error
  return (error instanceof Problems ? error.all : [error]).map(({ message, fix }) => {
    const text = message.startsWith(':') ? message : ` ${message}`
    return { setting: flagOf(option), message: `${from}${/[.?!]$/.test(text) ? text : `${text}.`}`, fix: fix ?? `${specOf(option).doc}` }
  })
}

function read (candidate: Candidate, readFile: (path: string) => Buffer): unknown {
  const { option, raw, inFile } = candidate
  const { parse, reads, emptyAllowed } = options[option]
  const empty = raw === null || (typeof raw === 'string' && raw.trim() === '')
  if (empty && (inFile || emptyAllowed !== true)) throw new Problem('is empty', 'Give it a value, or leave it out; a variable that was meant to fill it may be unset.')
  if (!inFile && reads === undefined) return parse(empty ? '' : raw)
  if (typeof raw !== 'string') throw new Problem('must name a file')
  if (!inFile && reads === 'file') return parse({ path: raw, setting: flagOf(option), read: () => readFile(raw) } satisfies GivenFile)
  const content = readFile(raw).toString('utf8')
  return parse(inFile ? content.replace(/[\r\n]+$/, '') : content)
}

function conflictIn (sorted: readonly Read[]): ConfigProblem | undefined {
  for (const [index, one] of sorted.entries()) {
    for (const other of sorted.slice(index + 1)) {
      if (isDeepStrictEqual(one.value, other.value)) continue
      const explicit = ['flag', 'code', 'environment'].includes(one.candidate.level)
      if (explicit && ['panel', 'bokeh'].includes(other.candidate.level)) return bothWays(one.candidate, other.candidate)
      if (one.candidate.level === other.candidate.level) return { setting: flagOf(one.candidate.option), message: `${one.candidate.from} and ${other.candidate.from} are one setting and differ.`, fix: 'Keep one of them.' }
    }
  }
  return undefined
}

// The sentence is Panel's.
function bothWays (ours: Candidate, panels: Candidate): ConfigProblem {
  return {
    setting: flagOf(ours.option),
    message: `Supply ${spokenName(ours.option)} either using environment variable or via explicit argument, not both.`,
    fix: `${ours.from} and ${panels.from} differ: unset one of them, or make them equal.`
  }
}

function show (raw: unknown): string {
  if (raw instanceof Repeated) return raw.values.join(', ')
  if (typeof raw === 'string') return raw
  if (raw instanceof URL) return raw.origin
  if (Array.isArray(raw) && raw.every(item => typeof item === 'string')) return raw.join(', ')
  return raw === undefined ? '' : JSON.stringify(raw)
}
