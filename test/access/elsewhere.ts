// Addresses beside the sites that were named: each looks like one, to somebody or to some parser, and none may be led to.

/** As an operator writes them. */
export const NAMED = ['allowed.example', '.apps.example.com', 'other.example.org:8443', 'localhost:5006', '127.0.0.1:5007']

/** What each of them is for, as it is written and as it is emitted. */
export const led: readonly (readonly [asked: string, emitted: string])[] = [
  ['https://allowed.example', 'https://allowed.example/'], ['https://allowed.example/', 'https://allowed.example/'], ['https://allowed.example?a=b', 'https://allowed.example/?a=b'],
  ['https://allowed.example/a/b?c=d&e=%2F#f', 'https://allowed.example/a/b?c=d&e=%2F'], ['https://allowed.example/#https://evil.example', 'https://allowed.example/'],
  ['HTTPS://Allowed.Example/A', 'https://allowed.example/A'], ['https://allowed.example:443/a', 'https://allowed.example/a'], ['https://allowed.example/../a/./b', 'https://allowed.example/a/b'],
  ['https://allowed.example/größe?q=a b', 'https://allowed.example/gr%C3%B6%C3%9Fe?q=a%20b'], ['https://allowed.example/?rd=https://evil.example', 'https://allowed.example/?rd=https://evil.example'], ['https://allowed.example/@evil.example', 'https://allowed.example/@evil.example'],
  ['https://one.apps.example.com/x', 'https://one.apps.example.com/x'], ['https://a.b-c.apps.example.com/', 'https://a.b-c.apps.example.com/'], ['https://xn--bcher-kva.apps.example.com/', 'https://xn--bcher-kva.apps.example.com/'],
  ['https://other.example.org:8443/x', 'https://other.example.org:8443/x'], ['http://localhost:5006/x', 'http://localhost:5006/x'], ['https://localhost:5006/x', 'https://localhost:5006/x'], ['http://127.0.0.1:5007/x', 'http://127.0.0.1:5007/x']
]

const hosts = [
  'badallowed.example', 'allowed.example.evil.example', 'evil-allowed.example', 'allowed-example', 'allowed.example.', 'sub.allowed.example', 'allowed.exampl', 'allowed.examplee', '.allowed.example', 'allowed..example', 'allowed',
  'evil.example;.allowed.example', 'evil.example,allowed.example', 'evil.example%2fallowed.example', 'allowed.example%2f.evil.example', 'allowed.example%00.evil.example', 'allowed.example%40evil.example', 'allowed.example%2eevil.example', 'allowed%2eexample', '%61llowed.example',
  'user@allowed.example', 'user:pass@allowed.example', 'allowed.example@evil.example', 'allowed.example:443@evil.example', 'allowed.example:@evil.example', '@allowed.example', ':@allowed.example', 'allowed.example\\@evil.example', 'evil.example\\@allowed.example', 'evil.example#@allowed.example', 'evil.example?@allowed.example',
  'allowed.example\\.evil.example', 'allowed.example\t.evil.example', 'allow\ted.example', 'allowed.example\n', 'allowed.example\r\nSet-Cookie: a=b', 'allowed.example\0', 'allowed.example .evil.example', ' allowed.example', 'allowed.example ',
  'allowed.example:444', 'allowed.example:80', 'allowed.example:0', 'allowed.example:4430', 'allowed.example:65979', 'allowed.example:443443', 'allowed.example:4a', 'allowed.example:-443', 'allowed.example:', 'allowed.example:443:443', 'allowed.example:443.evil.example',
  'allowed。example', 'allowed．example', 'ａllowed.example', 'allowed.example／evil.example', 'allowed.example＃.evil.example', 'allowed\u00ad.example', 'allowed\u200b.example', 'allowed.example\ufeff', 'аllowed.example', 'xn--llowed-2ve.example', 'allowed.example\u2028',
  'apps.example.com', '.apps.example.com', 'evilapps.example.com', 'evil-apps.example.com', 'one..apps.example.com', '..apps.example.com', '*.apps.example.com', 'o_e.apps.example.com', '-one.apps.example.com', 'one-.apps.example.com', `${'a'.repeat(64)}.apps.example.com`, 'one.apps.example.com.', 'one.apps.example.com.evil.example',
  'one.apps.example.com:8443', 'evil.example/.apps.example.com', 'evil.example?.apps.example.com', 'evil.example#.apps.example.com', 'evil.example\\.apps.example.com', 'evil.example:443/.apps.example.com', 'evil.example%23.apps.example.com', 'evil.example&.apps.example.com', 'bücher.apps.example.com', '!one.apps.example.com', '$.apps.example.com', '~.apps.example.com', '%2a.apps.example.com',
  'other.example.org', 'other.example.org:443', 'other.example.org:84430', 'other.example.org:08443@evil.example', 'localhost', 'localhost.', 'localhost:5007', 'localhost.:5006', '127.0.0.1:5006', '0x7f.1:5006', '2130706433:5006', '127.1:5006', '017700000001:5006', '[::1]:5006', '[::ffff:7f00:1]:5006', '①②⑦.0.0.1:5006', '0x7f.1:5007', '2130706433:5007', '127.1:5007', '0177.0.0.1:5007', '127.0.0.1.:5007', '127.0.0.1:5006', '10.127.0.0.1:5007', 'localhost:5006@evil.example', 'localhost:5006.evil.example', '[allowed.example]', 'evil.example', ''
]
const starts = [
  'http://allowed.example/', 'HTTP://allowed.example:443/', 'http://one.apps.example.com/', 'http://other.example.org:8443/', '//allowed.example', '///allowed.example', '/\\allowed.example', '\\\\allowed.example', '/\t/allowed.example', 'https:allowed.example', 'https:/allowed.example', 'https:///allowed.example', 'https:////allowed.example', 'https:\\\\allowed.example', 'https:/\\allowed.example', 'https:\\/allowed.example',
  ' https://allowed.example', '\thttps://allowed.example', 'h\tttps://allowed.example', 'https:\n//allowed.example', 'https://\tallowed.example', '\0https://allowed.example', '\u00a0https://allowed.example', '\ufeffhttps://allowed.example', 'https://allowed.example\\', 'https://allowed.example/\\evil.example', 'https://allowed.example/a\tb', 'https://allowed.example/\r\nX: y', 'https://allowed.example/\x7f',
  'allowed.example', 'allowed.example/x', 'ftp://allowed.example/', 'ws://allowed.example/', 'wss://allowed.example/', 'httpss://allowed.example', 'https;//allowed.example', 'blob:https://allowed.example/x', 'view-source:https://allowed.example/', 'javascript://allowed.example/%0aalert(1)', 'javascript:alert(1)//https://allowed.example/', 'data:text/html,https://allowed.example/', 'file://allowed.example/', 'filesystem:https://allowed.example/', 'https%3a//allowed.example', 'https%3A%2F%2Fallowed.example', '["https://allowed.example"]', 'https://allowed.example, https://evil.example/'.replace('/', '／')
]

/** None of them may be led to, whichever of the sites above are named. */
export const beside: readonly string[] = [...hosts.flatMap(host => [`https://${host}`, `https://${host}/x?y`]), ...starts]
