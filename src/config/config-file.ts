import { loadYaml } from '../on-demand.ts'
import { Problem } from './config-error.ts'

/**
 * Reads a configuration file, YAML or JSON (which is YAML). Numbers and booleans stay the text they were written as, so that
 * an id like `0123` keeps its zero; quotes make no difference but for `null`, which is nothing.
 *
 * @throws {Problem} with the line, and never a piece of the text, which may be a secret
 */
export function parseConfigFile (text: string): Readonly<Record<string, unknown>> {
  const { LineCounter, parseDocument, Scalar, visit } = loadYaml()
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true })
  const [fault] = [...document.errors, ...document.warnings]
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0])
    throw new Problem(`is not proper YAML or JSON at line ${line}, column ${col} (${fault.code.toLowerCase().replaceAll('_', ' ')})`)
  }
  visit(document, {
    Scalar: (_, node) => { if (typeof node.value === 'number' || typeof node.value === 'boolean') return new Scalar(node.source ?? String(node.value)) },
    Alias: () => { throw new Problem('uses a YAML alias (*), which may hide what a setting is', 'Quote the value if it only begins with *.') }
  })
  const content: unknown = document.toJS()
  if (content === null || content === undefined) throw new Problem('is empty')
  if (typeof content !== 'object' || Array.isArray(content)) throw new Problem('must hold settings by name', 'Write lines like upstream: http://localhost:5006.')
  return Object.fromEntries(Object.entries(content))
}
