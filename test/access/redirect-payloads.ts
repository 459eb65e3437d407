const hosts = ['evil.example', 'evil.example:443', 'app.example@evil.example', 'app.example:80@evil.example', 'evil.example%2f@app.example', '2130706433', '[::ffff:7f00:1]', 'evil。example', 'ｅvil.example', 'xn--evl-qla.example', 'app.example.evil.example', 'evil.example\\@app.example']
const leaders = [
  '//', '///', '////', '/\\', '\\/', '\\\\', '/\\/', '/\\\\', '\\', '/\t/', '/\n/', '/\r/', '/\r\n/', '\t//', ' //', '\0//', '\x1f//', '/\t\\', '/\n\\', '\t/\t/\t', '//\t', '/ /', '/\x0b/', '/\u00a0/', '/\u2028/', '/\u3000/', '/\ufeff/',
  '/.//', '/./\\', '/..//', '/../\\', '/a/..//', '/a/../\\', '/%2e//', '/%2e%2e//', '/.%2e/\\', '/\t.//', '/.\t//', '/;//', '/?/../..//', '/#//',
  '/%2f', '/%5c', '/%09/', '/%0a/', '/%0d/', '/%00/', '/%20/', '/%2f%2f', '%2f%2f', '/%255c', '/%252f',
  'http:', 'http:/', 'http://', 'https:', 'https:/', 'https://', 'https:///', 'https:\\\\', 'HTTPS://', 'h\tttps://', ' https://', 'http:\\/', 'javascript://', 'javascript:alert(1)//', 'data:text/html,', 'vbscript:', 'file://', 'ftp://', 'blob:https://', 'view-source:https://', 'ws://', 'mailto:', 'about:blank//',
  '@', '.', '..', '?', '#', ':', ';', '://', ':/', '/:', '/@', '／／', '/／', '／', '⁄⁄', '∕∕', '〱〱', '/︰/', '/\u200b/', '\u00ad//', '/\u00ad/'
]
const tails = ['', '/', '/..', '/%2e%2e', '?', '#', '\\', '\t', '/%0d%0aSet-Cookie:a=b', '\r\nX: y']

/** What one parser drops, and the next does not; or takes for something else. */
const inserts = ['\t', '\n', '\r', '\0', ' ', '\x0b', '\x1f', '\x7f', '\u0085', '\u00a0', '\u00ad', '\u200b', '\u2028', '\ufeff', '%09', '%0a', '%00', '%20', '\\', '/', '.', ';']
const leaving = ['//evil.example', '/\\evil.example', 'https://evil.example', '/.//evil.example']
/** How a host that is not ours can look like ours. */
const joints = ['.', '@', '#', '?', '/', '\\', '\\@', ':80@', ':@', ';.', '&@', '%2f@', '%40', '%23', '%3f', '%5c', '%00', '%2e', '\t', ' ', '。', '／', '？', '＃', '＠', '-', '_', ',', '*.', '[', ']', ':', '::']
const fronts = ['https://', '//', '/\\', 'http:', 'https:/', '/https://']

/** Ways to leave a site by a return address, made from what begins, what is meant, and what follows. */
export const redirectPayloads: readonly string[] = [
  ...leaders.flatMap((leader, index) => hosts.map((host, at) => leader + host + (tails[(index + at) % tails.length] ?? ''))),
  ...leaving.flatMap(text => inserts.flatMap(insert => Array.from({ length: 4 }, (_, at) => text.slice(0, at) + insert + text.slice(at)))),
  ...fronts.flatMap(front => joints.flatMap(joint => [`${front}app.example${joint}evil.example/`, `${front}evil.example${joint}app.example/`])),
  ...[1, 2, 3].flatMap(times => leaving.map(text => Array.from({ length: times }).reduce<string>(each => each.replace(/[^A-Za-z0-9.]/g, character => encodeURIComponent(character) === character ? `%${character.charCodeAt(0).toString(16)}` : encodeURIComponent(character)), text))),
  '//', '/\\', '///', '//\\', '/\t', '/.//', '/..//..//', '//%', '//[', '//:80', '/\\:80', '//@', '//?', '//#', '//.', '//..', '//-', '//evil.example%', '/\ud800/evil.example', '//\ud800', 'https://app.example', 'https://app.example@evil.example', 'https:app.example', '/https://evil.example', '/\\\tevil.example', '\\\t\\evil.example'
]
