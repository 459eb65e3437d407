import { compile } from './jmespath-engine.ts'

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

/** The members of the document itself that an expression looks at, wherever in it: `login` and `groups` of `join(login, groups[?name])`. */
export function membersIn (text: string): readonly string[] {
  return [...new Set(inDocument(compile(text)))]
}

/** What a node asks of what it is given, where that is the document. */
function inDocument (node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(inDocument)
  if (typeof node !== 'object' || node === null) return []
  const { type, name, left, right } = node as Node
  switch (type) {
    case 'Field': return [String(name)]
    case 'Literal': case 'ExpressionReference': return [] // of an item that a function takes
    // What comes after is asked of what came before.
    case 'Subexpression': case 'Pipe': return [...inDocument(left), ...isDocument(left) ? inDocument(right) : []]
    case 'IndexExpression': case 'Projection': case 'ValueProjection': case 'FilterProjection': return inDocument(left)
    default: return Object.values(node).flatMap(inDocument)
  }
}

function isDocument (node: unknown): boolean {
  return typeof node === 'object' && node !== null && ['Current', 'Root', 'Identity'].includes((node as Node).type)
}
