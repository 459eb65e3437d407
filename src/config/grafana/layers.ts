import { expand, interpolate, type Surroundings } from './expand.ts'
import { DEFAULT_SECTION } from './ini.ts'
import { others } from './keys.ts'

/** One place that holds Grafana's configuration: variables, or a file. Empty values are in it, and stand for nothing. */
export interface Layer {
  readonly level: 'grafana' | 'file'
  /** As written, by section and key. */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Where a value stands, for messages. */
  readonly say: (section: string, key: string) => string
}

/** A value that somebody wrote. */
export interface Written {
  readonly section: string
  readonly key: string
  readonly raw: string
  readonly level: Layer['level']
  /** Where it stands. */
  readonly from: string
}

/** Variables before the file. */
export class Layers {
  readonly all: readonly Layer[]
  readonly #surroundings: Surroundings

  constructor (all: readonly Layer[], surroundings: Surroundings) {
    this.all = all
    this.#surroundings = surroundings
  }

  /** The strongest value that is not empty. */
  find (section: string, key: string): Written | undefined {
    return this.all.map(layer => this.in(layer, section, key)).find(written => written !== undefined)
  }

  in (layer: Layer, section: string, key: string): Written | undefined {
    const raw = layer.sections.get(section)?.get(key)
    return raw === undefined || raw.trim() === '' ? undefined : { section, key, raw, level: layer.level, from: layer.say(section, key) }
  }

  /** The value with what it refers to put in. @throws {Problem} */
  text ({ section, key, raw }: Written): string {
    return interpolate(expand(raw, this.#surroundings), name => {
      const written = (name === key ? undefined : this.#inherited(section, name)) ?? this.find(DEFAULT_SECTION, name)
      return written === undefined ? others[section]?.[name] : expand(written.raw, this.#surroundings)
    })
  }

  /** `[auth.x]` knows what `[auth]` says. */
  #inherited (section: string, key: string): Written | undefined {
    const dot = section.lastIndexOf('.')
    return this.find(section, key) ?? (dot === -1 ? undefined : this.#inherited(section.slice(0, dot), key))
  }
}
