import t from 'tap'
import { isWide } from '../../src/cli/wide-networks.ts'

t.test('trusted proxies: everybody is not trusted unsaid, however the network is written', t => {
  for (const network of ['0.0.0.0/0', '::/0', '0.0.0.0/1', '128.0.0.0/1', '8.0.0.0/7', '::/1', '8000::/1', '2000::/3', '2001::/15', 'f000::/4', 'fc00::/6', '::ffff:0:0/96', '::ffff:0.0.0.0/96', '::ffff:128.0.0.0/97', '::/80', '0::/64', '::ffff:8.0.0.0/103']) t.ok(isWide(network), network)
  for (const network of ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '104.16.0.0/13', '10.0.0.7', 'fd00::/8', 'fc00::/7', 'fe80::/10', '2400:cb00::/32', '2001:db8::/16', '::1', '::1/128', '::ffff:10.0.0.0/104', '::ffff:10.0.0.7']) t.notOk(isWide(network), network)
  t.end()
})
