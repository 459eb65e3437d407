// oauth2-proxy, where the environment names one: its cookie store and its defaults, its log with them. One row more has its logs off.
import { Missing } from './missing.mjs'

const quiet = ['--request-logging=false', '--auth-logging=false', '--standard-logging=false']

export async function startOauth2Proxy (lab, { upstream, logs = true }) {
  const title = `oauth2-proxy${logs ? '' : ', no log'}`
  const program = process.env.OAUTH2_PROXY_BIN
  if (program === undefined) throw new Missing(title, 'OAUTH2_PROXY_BIN names none')
  const port = await lab.freePort()
  const origin = `http://127.0.0.1:${port}`
  const peer = logs ? 'oauth2-proxy' : 'oauth2-proxy-no-log'
  lab.allowRedirect(`${origin}/oauth2/callback`)
  const running = await lab.start(peer, [
    program, `--http-address=127.0.0.1:${port}`, `--upstream=${upstream.origin}/`, '--provider=oidc', `--oidc-issuer-url=${lab.provider.issuer}`,
    `--client-id=${lab.client.id}`, `--client-secret=${lab.client.secret}`, '--cookie-secret=a-secret-of-32-bytes-for-a-bench', '--cookie-secure=false',
    '--email-domain=*', `--redirect-url=${origin}/oauth2/callback`, '--skip-provider-button', ...logs ? [] : quiet
  ], { port, env: { GOMAXPROCS: '1' } })
  return { id: peer, peer, title, origin, pids: [running.pid], logs: [running.log], cookie: await lab.signIn(origin), guards: true, warms: false }
}
