import { callsIn } from './jmespath-parse.ts'

/** What takes no null, and what stands in for one. */
const GUARDS: Readonly<Record<string, string>> = { contains: '`[]`', starts_with: '\'\'', ends_with: '\'\'' }

interface Around {
  /** The paths that were seen to be there before this. */
  readonly guarded: readonly string[]
  /** The paths that what comes after this in case of failure would look at. */
  readonly later: readonly string[]
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

/**
 * The calls, by their number in the order in which they are written, that have no result for whoever lacks one claim, and
 * take with them an alternative that looks at another: `contains(groups, 'a') && 'Admin' || contains(roles, 'b') && 'Editor'`.
 * Where all look at the same claim, no result is what is right without it.
 */
export function unguarded (tree: unknown): readonly { readonly call: number, readonly guard: string }[] {
  const found = new Map<unknown, string>()
  walk(tree, { guarded: [], later: [] }, (node, guard) => { found.set(node['children'], guard) })
  return callsIn(tree).flatMap(({ children }, call) => {
    const guard = found.get(children)
    return guard === undefined ? [] : [{ call, guard }]
  })
}

function walk (node: unknown, around: Around, tell: (node: Node, guard: string) => void): void {
  if (Array.isArray(node)) return node.forEach(item => { walk(item, around, tell) })
  if (!isNode(node)) return
  const { left, right, condition, trueExpr, falseExpr } = node
  const also = (more: Partial<Around>): Around => ({ guarded: [...around.guarded, ...more.guarded ?? []], later: [...around.later, ...more.later ?? []] })
  switch (node.type) {
    case 'OrExpression':
      walk(left, also({ later: readsOf(right) }), tell)
      return walk(right, around, tell)
    case 'AndExpression':
      walk(left, around, tell)
      return walk(right, also({ guarded: readsOf(left) }), tell)
    case 'Ternary':
      walk(condition, also({ later: [trueExpr, falseExpr].flatMap(readsOf) }), tell)
      walk(trueExpr, also({ guarded: readsOf(condition) }), tell)
      return walk(falseExpr, around, tell)
    case 'Projection': case 'ValueProjection': case 'FilterProjection': case 'Pipe': case 'ExpressionReference': case 'LetExpression': case 'Literal':
      return // there, paths begin elsewhere
    default:
      if (node.type === 'Function') judge(node, around, tell)
      Object.values(node).forEach(child => { walk(child, around, tell) })
  }
}

function judge (node: Node, { guarded, later }: Around, tell: (node: Node, guard: string) => void): void {
  const guard = GUARDS[String(node['name'])]
  const path = pathOf((node['children'] as readonly unknown[])[0])
  if (guard !== undefined && path !== undefined && !guarded.includes(path) && later.some(other => other !== path)) tell(node, guard)
}

/** The paths that a part looks at, without brackets. */
function readsOf (node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(readsOf)
  if (!isNode(node) || node.type === 'Literal') return []
  const path = pathOf(node)
  return path === undefined ? Object.values(node).flatMap(readsOf) : [path]
}

function pathOf (node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  const { type, name, left, right, child } = node
  if (type === 'Field') return String(name)
  if (type === 'Flatten') return pathOf(child)
  if (type === 'Projection' || type === 'IndexExpression') return pathOf(left)
  if (type !== 'Subexpression') return undefined
  const [before, after] = [pathOf(left), pathOf(right)]
  return before === undefined || after === undefined ? undefined : `${before}.${after}`
}

function isNode (value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { readonly type?: unknown }).type === 'string'
}
