import { readdirSync, readFileSync } from 'node:fs'

/** A fenced block of a page. */
export interface Block {
  readonly page: string
  /** Of the opening fence, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
  /** What `<!-- test: … -->` on the line above says about how it is tested; empty without one. */
  readonly marker: string
  /** The `text` block that follows with nothing but white space between: what one sees. */
  readonly shows: string | undefined
}

/** Every page that people read, by its path in the repository. */
export const pages: readonly string[] = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md')).sort().map(name => `docs/${name}`)]

export function read (page: string): string {
  return readFileSync(page, 'utf8')
}

export function blocksOf (page: string): Block[] {
  const found = [...read(page).matchAll(/^(?:<!-- test: ([^\n]*) -->\n)?( *)```([^\n]*)\n(.*?)^\2```$/gms)]
  return found.map(({ 0: whole, 1: marker = '', 2: indent = '', 3: language = '', 4: body = '', index, input }, at) => {
    const next = found[at + 1]
    const between = next === undefined ? 'nothing follows' : input.slice(index + whole.length, next.index)
    return {
      page, language, marker,
      line: input.slice(0, index).split('\n').length + (marker === '' ? 0 : 1),
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      shows: between.trim() === '' && next?.[3] === 'text' ? next[4] : undefined
    }
  })
}

/** The one block of a page in this language whose first line names this file. @throws it is missing, or there twice */
export function fileIn (page: string, language: string, path: string): string {
  const found = blocksOf(page).filter(block => block.language === language && block.text.startsWith(`# ${path}\n`))
  if (found.length !== 1) throw new Error(`${page} has ${found.length} blocks for ${path}`)
  return found[0]?.text ?? ''
}

/** The text without fences and comments: what is said rather than run. */
export function proseOf (page: string): string {
  return read(page).replace(/^( *)```.*?^\1```$/gms, '').replace(/<!--.*?-->/gs, '')
}

/** Headings as the addresses that GitHub makes of them. */
export function anchorsOf (page: string): Set<string> {
  const seen = new Map<string, number>()
  const titles = [...proseOf(page).matchAll(/^#{1,6} +(.*?) *$/gm)].map(([, title = '']) => title)
  return new Set(titles.map(title => {
    const slug = title.toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replaceAll(' ', '-')
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  }))
}

/** Whether a text says what a page shows: `…` stands for anything, on a line of its own for any lines. */
export function isShown (shows: string, text: string): boolean {
  const pattern = shows.trimEnd().split('\n').map(line => line.trim() === '…' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(part => escape(part)).join('[^\\n]*?')}[ \\t\\r]*\\n`).join('')
  return new RegExp(`(?:^|\\n)${pattern}`).test(`${text}\n`)
}

function escape (text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
