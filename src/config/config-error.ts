/** Why a value was refused, in words that begin after the setting's name. Never holds the value of a secret. */
export class Problem extends Error {
  readonly fix: string | undefined

  constructor (message: string, fix?: string) {
    super(message)
    this.name = 'Problem'
    this.fix = fix
  }
}

/** Several in one value: a list with more than one mistake. */
export class Problems extends Problem {
  readonly all: readonly Problem[]

  constructor (all: readonly Problem[]) {
    super(all.map(({ message }) => message).join('; '))
    this.all = Object.freeze([...all])
  }
}

/** All items read, so that whoever made three mistakes is told of three. @throws {Problem} what one of them threw, or {Problems} */
export function readEach<In, Out> (items: readonly In[], read: (item: In, index: number) => Out): Out[] {
  const problems: Problem[] = []
  const done = items.flatMap((item, index) => {
    try { return [read(item, index)] } catch (error) {
      if (!(error instanceof Problem)) throw error
      problems.push(error)
      return []
    }
  })
  if (problems.length > 1) throw new Problems(problems)
  if (problems[0] !== undefined) throw problems[0]
  return done
}

/** There is no file of that name. */
export class MissingFile extends Problem {}

/** Why the file that a setting names could not be read. */
export function unreadable (error: unknown): Problem {
  const { code } = error as NodeJS.ErrnoException
  const absent = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(code ?? '')
  const why = absent ? 'does not exist' : new Map([['EACCES', 'may not be read by this user'], ['EISDIR', 'is a folder']]).get(code ?? '')
  return new (absent ? MissingFile : Problem)(`names a file that ${why ?? `cannot be read (${code ?? 'unknown reason'})`}`, 'Check the path; it is seen from the folder where oauth-gate was started.')
}

/** One thing that keeps the gate from starting. */
export interface ConfigProblem {
  /** The setting as `--help` writes it, without dashes; for a name nobody knows, that name. */
  readonly setting: string
  readonly message: string
  readonly fix: string
}

/** Everything that is wrong with a configuration, at once. Its texts are fit to be printed: no secret is in them. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[]
  /** Whether anything was set at all: where nothing was, a first step helps more than a list. */
  readonly nothingSet: boolean

  /** What was ignored or read differently than it was written: that may be why. */
  readonly notices: readonly string[]

  constructor (problems: readonly ConfigProblem[], { nothingSet = false, notices = [] }: { readonly nothingSet?: boolean, readonly notices?: readonly string[] } = {}) {
    super(problems.map(problem => `${problem.message}\n  ${problem.fix}`).join('\n'))
    this.name = 'ConfigError'
    this.problems = Object.freeze([...problems])
    this.nothingSet = nothingSet
    this.notices = Object.freeze([...notices])
  }
}
