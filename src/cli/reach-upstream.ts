import type { Config } from '../config/options.ts'
import type { Finding } from '../oauth/probe/index.ts'
import { failure, openLine, type Upstream } from '../proxy/upstream.ts'

const LONGEST_WAIT = 10_000

/** Whether something speaks HTTP there, over the line that the gate itself would use. Any status is an answer. */
export async function reachUpstream (upstream: Upstream, { upstreamCa, upstreamSkipVerify, upstreamTimeout, maxHeaderSize }: Config): Promise<Finding> {
  const { pool, where } = openLine({ upstream, ca: upstreamCa, skipVerify: upstreamSkipVerify, timeout: Math.min(upstreamTimeout, LONGEST_WAIT), maxHeaderSize })
  const what = upstream.path === '/' ? 'upstream' : `upstream ${upstream.path}`
  try {
    const { statusCode, headers, body } = await pool.request({ method: 'GET', path: `${upstream.basePath}/`, headers: { 'user-agent': 'oauth-gate' } })
    body.on('error', () => {}).destroy()
    if (headers['x-oauth-gate'] !== undefined) return { verdict: 'wrong', what, text: `a gate answers at ${where}${upstream.basePath}, not the app: set --upstream to the app’s own address` }
    return { verdict: 'ok', what, text: `${where}${upstream.basePath} answers (${statusCode})` }
  } catch (error) {
    const { message, kind } = error instanceof Error ? failure(where, error, false) : { message: where, kind: undefined }
    return { verdict: 'wrong', what, text: `${message}; ${kind?.hint ?? 'is the app running?'}` }
  } finally {
    await pool.destroy()
  }
}
