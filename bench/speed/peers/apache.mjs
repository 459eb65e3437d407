// Debian's Apache with mod_auth_openidc: its sessions in the cache of the server, as many threads as Debian allows.
// All of them from the start: where Debian's numbers make it end some, connections end with them.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Missing } from './missing.mjs'

const modules = '/usr/lib/apache2/modules'
const title = 'Apache with mod_auth_openidc'
const needed = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'auth_openidc']

export async function startApache (lab, { upstream }) {
  if (!existsSync('/usr/sbin/apache2')) throw new Missing(title, 'apache2 is not installed')
  const missing = needed.find(name => !existsSync(`${modules}/mod_${name}.so`))
  if (missing !== undefined) throw new Missing(title, `Apache's module ${missing} is not installed`)
  const port = await lab.freePort()
  const origin = `http://127.0.0.1:${port}`
  const folder = lab.folderOf('apache')
  const file = join(folder, 'apache.conf')
  writeFileSync(file, config({ lab, upstream, port, origin, folder }))
  lab.allowRedirect(`${origin}/redirect_uri`)
  const running = await lab.start('apache', ['/usr/sbin/apache2', '-DFOREGROUND', '-f', file], { port })
  return { id: 'apache', peer: 'apache', title, origin, pids: [running.pid], logs: [`${folder}/access.log`], cookie: await lab.signIn(origin), guards: true, warms: false }
}

const config = ({ lab, upstream, port, origin, folder }) => `
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
ErrorLog ${folder}/error.log
Listen 127.0.0.1:${port}
ServerName 127.0.0.1
${needed.map(name => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
${process.getuid() === 0 ? 'User www-data\nGroup www-data' : ''}
StartServers 6
MinSpareThreads 25
MaxSpareThreads 150
ThreadsPerChild 25
MaxRequestWorkers 150
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
CustomLog ${folder}/access.log combined
OIDCProviderMetadataURL ${lab.provider.issuer}/.well-known/openid-configuration
OIDCClientID ${lab.client.id}
OIDCClientSecret ${lab.client.secret}
OIDCProviderTokenEndpointAuth client_secret_post
OIDCScope "openid profile email"
OIDCRedirectURI ${origin}/redirect_uri
OIDCCryptoPassphrase the-passphrase-of-the-benchmark-0123
<Location />
  AuthType openid-connect
  Require valid-user
  ProxyPass ${upstream.origin}/
</Location>
`
