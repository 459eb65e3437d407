import { createTemplate, type TemplateFile, type TemplateRole } from '../../pages/templates.ts'
import { TemplateFault } from '../../pages/template.ts'
import { MissingFile, Problem } from '../config-error.ts'
import type { GivenFile, Kind } from './kind.ts'

/** A file with a template in the dialect that Jinja2 and Nunjucks share; tried here, so that a gate that starts can show it. */
export function template (role: TemplateRole): Kind<TemplateFile, string> {
  return {
    shape: 'file',
    reads: 'file',
    parse: raw => {
      const file = raw as GivenFile
      const source = textOf(file)
      try {
        createTemplate(role, source, '/')
      } catch (error) {
        if (error instanceof TemplateFault) throw new Problem(`: ${file.path}, line ${error.line}, ${error.message}.`, error.fix)
        throw error
      }
      return Object.freeze({ name: file.path, source })
    }
  }
}

function textOf ({ path, setting, read }: GivenFile): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(read())
  } catch (error) {
    // The sentence is Panel's.
    if (error instanceof MissingFile) throw new Problem(`: The supplied ${setting} ${path} does not exist, ensure you supply and existing Jinja2 template.`, error.fix)
    if (error instanceof TypeError) throw new Problem(`: ${path} is not UTF-8 text.`, 'Save it as UTF-8.')
    throw error
  }
}
