import type { ConfigProblem } from '../config-error.ts'
import { isOn } from './environment.ts'
import { DEFAULT_SECTION, parseIni, type IniSections } from './ini.ts'
import { BLOCK, keys, others, shown } from './keys.ts'
import type { Layer } from './layers.ts'

/** By its name, or by its first line that says something. */
export function isIni (path: string, text: string): boolean {
  const first = text.replace(/^\uFEFF/, '').split('\n').map(line => line.trim()).find(line => line !== '' && !/^[#;]/.test(line)) ?? ''
  return /\.ini$/i.test(path) || /^\[[A-Za-z][\w. -]*\]\s*(?:[#;].*)?$/.test(first)
}

/** @throws {Problem} it is no INI; with the line, and never a piece of the text */
export function readIniFile ({ path, text }: { readonly path: string, readonly text: string }, problems: ConfigProblem[], notices: string[]): Layer {
  const { sections, cut } = parseIni(text)
  if (cut.length > 0) notices.push(`${path}: what stands after # or ; is a comment to Grafana, and so to the gate, in line ${cut.join(', ')}; backticks around the whole value keep it`)
  problems.push(...misplaced(sections, path))
  notices.push(...unused(sections, path))
  return {
    level: 'file',
    sections: new Map([...sections].map(([name, entries]) => [name, new Map([...entries].map(([key, { text }]) => [key, text]))])),
    say: (section, key) => `[${section}] ${key} in ${path}`
  }
}

/** What Grafana would pass over without a word: the block under a name that is nearly its own, or keys of it before any section. */
function misplaced (sections: IniSections, path: string): readonly ConfigProblem[] {
  const near = [...sections.keys()].find(name => name !== BLOCK && name.trim().toLowerCase().replace(/[\s_-]/g, '') === BLOCK.replace('_', ''))
  const stray = [...sections.get(DEFAULT_SECTION) ?? []].find(([key]) => Object.hasOwn(keys, key))
  return [
    ...near === undefined ? [] : [{ setting: near, message: `${path} has the section [${near}], which is not [${BLOCK}].`, fix: `Write [${BLOCK}], in lower case and without spaces.` }],
    ...stray === undefined ? [] : [{ setting: stray[0], message: `${path} has ${stray[0]} in line ${stray[1].line}, before any section.`, fix: `Write [${BLOCK}] above it.` }]
  ]
}

/** Grafana's file has Grafana's own affairs, which are not ours: named, so that nobody takes them for read. */
function unused (sections: IniSections, path: string): readonly string[] {
  const providers = [...sections].filter(([name, entries]) => name.startsWith('auth.') && name !== BLOCK && isOn(entries.get('enabled')?.text ?? '')).map(([name]) => `[${name}]`)
  const names = [...sections].filter(([name, entries]) => name !== BLOCK && entries.size > 0).flatMap(([name, entries]) => {
    const root = entries.get('root_url')?.text ?? ''
    const isRead = (key: string) => others[name]?.[key] === '' || (others[name]?.[key] !== undefined && root.includes(`%(${key})s`))
    const strange = [...entries.keys()].filter(key => !isRead(key))
    if (name === DEFAULT_SECTION) return strange.map(shown)
    return others[name] === undefined ? [`[${shown(name)}]`] : strange.map(key => `[${name}] ${shown(key)}`)
  })
  return [
    ...names.length === 0 ? [] : [`${path} has more than the gate reads; not used is ${names.join(', ')}`],
    ...providers.length === 0 ? [] : [`${path} has ${providers.join(', ')} enabled: only [${BLOCK}] is taken from Grafana’s configuration, so nobody signs in that way`]
  ]
}
