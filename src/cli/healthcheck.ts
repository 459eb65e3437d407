import type { IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Config } from '../config/options.ts'
import { loadHttp } from '../on-demand.ts'
import { isEverywhere } from './check.ts'

const DEADLINE = 3000

/** `oauth-gate healthcheck`. @returns 0 if a gate with these settings serves, else 1 after one sentence */
export async function healthcheck (config: Pick<Config, 'address' | 'port' | 'readyPath' | 'sslCertfile'> & Partial<Pick<Config, 'unixSocket'>>, write: (text: string) => void = text => { process.stderr.write(text) }): Promise<number> {
  const { address, port, unixSocket, readyPath, sslCertfile } = config
  const problem = port === 0 && unixSocket === undefined ? 'with --port=0 nobody knows where it listens' : await problemOf(unixSocket === undefined ? toAddress(address, port) : { socketPath: unixSocket }, readyPath, sslCertfile !== undefined)
  if (problem === undefined) return 0
  write(`oauth-gate: not healthy: ${problem}.\n`)
  return 1
}

type Where = { readonly host: string, readonly port: number } | { readonly socketPath: string }

function toAddress (address: string, port: number): Where {
  return { host: isEverywhere(address) ? (address.includes(':') ? '::1' : '127.0.0.1') : address, port }
}

async function problemOf (target: Where, path: string, tls: boolean): Promise<string | undefined> {
  const where = 'socketPath' in target ? target.socketPath : `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}${path}`
  try {
    const { statusCode, headers } = await ask(target, path, tls)
    if (statusCode !== 200) return `${where} answers ${statusCode}`
    return headers['x-oauth-gate'] === undefined ? `something else than a gate answers at ${where}` : undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ABORT_ERR') return `${where} does not answer within ${DEADLINE / 1000} s`
    return code === 'ECONNREFUSED' || ('socketPath' in target && code === 'ENOENT') ? `nothing listens at ${where}` : `${where}: ${code ?? message}`
  }
}

/**
 * The certificate is for the name that people type, not for this address, and may be one that only their proxy trusts. Nothing
 * secret is sent and nothing that is read is believed but “it serves”, so it is not verified.
 */
function ask (where: Where, path: string, tls: boolean): Promise<IncomingMessage> {
  const question = { ...where, path, agent: false, signal: AbortSignal.timeout(DEADLINE), headers: { 'user-agent': 'oauth-gate healthcheck' } } as const
  return new Promise((resolve, reject) => {
    const request = tls ? httpsRequest({ ...question, rejectUnauthorized: false }) : loadHttp().request(question)
    request.on('error', reject).on('response', answer => {
      answer.destroy()
      resolve(answer)
    }).end()
  })
}
