import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { HandlerFile, ParameterValues } from '../provider.ts'

/** A Fastify plugin whose routes are below `/oauth2/with/ID`, open to whoever began a login with it. Forms are parsed; other bodies want a parser. */
export type Handler = (app: FastifyInstance, context: HandlerContext) => Promise<void> | void

export interface HandlerContext {
  readonly id: string
  readonly label: string
  /** Checked, as the parameters of the plugin say. */
  readonly parameters: ParameterValues
  /** `--oauth-key` and `--oauth-secret`, for what such a service may call so. */
  readonly key: string | undefined
  readonly secret: string | undefined
  /** Where this login goes on, as the browser has it: the only addresses that reach the plugin. @param path with a slash in front, or empty */
  url (request: FastifyRequest, path?: string): string
  /**
   * Ends the login well, once, and sends the browser to where it wanted to go.
   *
   * @param claims plain JSON in the gate's words: `subject` (an id, never a name), and `user` or `email`; `login`, `name`, `groups`, `teams`, `organizations`
   * @throws {GateError} the person may not enter, or the login is not this browser's; let it pass
   */
  complete (request: FastifyRequest, reply: FastifyReply, claims: Readonly<Record<string, unknown>>): Promise<FastifyReply>
  /** Ends the login badly: it has to begin anew. @param why `reason` is one sentence for the visitor, `detail` for the log */
  fail (request: FastifyRequest, reply: FastifyReply, why: { readonly reason: string, readonly detail?: string }): never
}

/** Checks the shape at compile time; the gate checks it again at start. */
export function defineHandlerProvider (file: HandlerFile<Handler>): HandlerFile<Handler> {
  return Object.freeze({ ...file })
}
