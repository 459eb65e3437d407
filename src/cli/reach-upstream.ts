import type { Config } from '../config/options.ts'
import { GateError, UpstreamAnswerInvalid } from '../errors.ts'
import type { Finding } from '../oauth/probe/index.ts'
import { ask } from '../proxy/ask.ts'
import { openLine, type Upstream } from '../proxy/upstream.ts'

const LONGEST_WAIT = 10_000

/** Whether something speaks HTTP there, over the line that the gate itself would use. Any status is an answer. */
export async function reachUpstream (upstream: Upstream, { upstreamCa, upstreamSkipVerify, upstreamTimeout, maxHeaderSize }: Config): Promise<Finding> {
  const line = openLine({ upstream, ca: upstreamCa, skipVerify: upstreamSkipVerify, timeout: Math.min(upstreamTimeout, LONGEST_WAIT), maxHeaderSize })
  const { where } = line
  const what = upstream.path === '/' ? 'upstream' : `upstream ${upstream.path}`
  try {
    const { status, headers } = await ask(line, `${upstream.basePath}/`, ['user-agent', 'oauth-gate'])
    if (headers.has('x-oauth-gate')) return { verdict: 'wrong', what, text: `a gate answers at ${where}${upstream.basePath}, not the app: set --upstream to the app’s own address` }
    return { verdict: 'ok', what, text: `${where}${upstream.basePath} answers (${status})` }
  } catch (error) {
    return { verdict: 'wrong', what, text: error instanceof GateError ? `${error.message}; ${fixOf(error)}` : `${where}; is the app running?` }
  } finally {
    line.destroy()
  }
}

function fixOf (error: GateError): string {
  if (!(error instanceof UpstreamAnswerInvalid)) return error.kind.hint
  return `its answers are unreadable to the gate, and visitors get ${error.kind.status} instead: have it answer in HTTP/1.1, with one Content-Length or with chunks, and none beside the other. Or is it https, or another port?`
}
