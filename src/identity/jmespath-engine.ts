import { compile, tokenize, TreeInterpreter, type JSONValue } from '@jmespath-community/jmespath'
import { equal, replaced, type Caller } from './jmespath-functions.ts'

export { compile, tokenize, type JSONValue }
export type Tree = ReturnType<typeof compile>

type Interpreter = typeof TreeInterpreter
type Visit = Interpreter['visit']

/** What one evaluation may cost: a step takes up to half a microsecond. Some thousand groups take ten thousand steps. */
const MOST_STEPS = 500_000

// One for all: an evaluation is over before the next begins.
let left = 0

function charge (steps: number): void {
  left -= steps
  if (left < 0) throw new RangeError('it takes too long with these claims')
}

// Of our own, so that what an app around the gate registers in the library is none of ours, and the other way round.
const Fresh = TreeInterpreter.constructor as new () => Interpreter
const engine = bounded(new Fresh())

/** What may be called, and with what. */
export const functions: Interpreter['runtime']['_functionTable'] = engine.runtime._functionTable

for (const [name, run] of Object.entries(replaced(charge))) {
  const known = functions[name]
  if (known !== undefined) functions[name] = { _signature: known._signature, _func (this: Interpreter['runtime'], args: readonly unknown[]) { return run(args, callerOf(this)) as JSONValue } }
}

/** @throws {Error} in words about types alone: something was not what a function takes, or it takes too long */
export function evaluate (tree: Tree, document: JSONValue): unknown {
  left = MOST_STEPS
  try {
    return engine.search(tree, document)
  } finally {
    left = 1
    engine.search({ type: 'Current' }, null) // keeps nobody's claims
  }
}

/** The tree with literals that have no prototype, like all other objects that an expression meets. */
export function plainLiterals<T> (node: T): T {
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return node.map(plainLiterals) as T
  const isLiteral = (node as { readonly type?: unknown }).type === 'Literal'
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, isLiteral && name === 'value' ? withoutPrototype(value) : plainLiterals<unknown>(value)])) as T
}

function withoutPrototype (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototype)
  if (typeof value !== 'object' || value === null) return value
  return Object.assign(Object.create(null) as object, Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutPrototype(member)])))
}

/** Each step counts, and no object gets a prototype. What a `let` is evaluated by is held to the same. */
function bounded (interpreter: Interpreter): Interpreter {
  const original = { visit: interpreter.visit.bind(interpreter), withScope: interpreter.withScope.bind(interpreter), call: interpreter.runtime.callFunction.bind(interpreter.runtime) }
  const visit: Visit = (node, value) => {
    charge(1)
    if (node.type === 'Comparator' && (node.name === 'EQ' || node.name === 'NE')) return equal(interpreter.visit(node.left, value), interpreter.visit(node.right, value), charge) === (node.name === 'EQ')
    if (node.type === 'MultiSelectHash') return Object.assign(Object.create(null) as Record<string, JSONValue>, Object.fromEntries(node.children.map(({ name, value: child }) => [name, interpreter.visit(child, value)])))
    if (node.type === 'Variable') return interpreter['_scope'].getValue(node.name) // the library's takes an empty one of a let further out for none
    if (node.type === 'Slice') charge(costOf(value))
    const result = original.visit(node, value)
    if (node.type === 'Flatten') charge(costOf(result))
    return result
  }
  interpreter.visit = visit
  interpreter.withScope = scope => bounded(original.withScope(scope))
  interpreter.runtime.callFunction = (name, args) => {
    for (const arg of args) charge(costOf(arg))
    return original.call(name, args)
  }
  return interpreter
}

function costOf (value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length / 4
  return typeof value === 'object' && value !== null ? Object.keys(value).length / 4 : 0
}

function callerOf ({ _interpreter: interpreter }: Interpreter['runtime']): Caller {
  return (expression, value) => interpreter.visit(expression as Tree, value as JSONValue)
}
