import { connect } from 'node:net'

/**
 * Bytes as they are, the answer as it comes; both latin1. This side says that nothing follows once an answer has begun, or after so many
 * milliseconds without one: whoever says it at once is taken to have left.
 */
export async function speak (origin: string, bytes: string, patience = 4000): Promise<string> {
  const { hostname, port } = new URL(origin)
  return await new Promise(resolve => {
    let answer = ''
    const socket = connect(Number(port), hostname, () => { socket.write(bytes, 'latin1') })
    const end = setTimeout(() => { socket.end() }, patience)
    socket.setEncoding('latin1').setTimeout(patience + 4000, () => { socket.destroy() })
    socket.on('error', () => {}).on('data', (chunk: string) => {
      if (answer === '') setTimeout(() => { socket.end() }, 5)
      answer += chunk
    })
    socket.on('close', () => {
      clearTimeout(end)
      resolve(answer)
    })
  })
}

/** The first answer's status, and whom the app says that it was told of; null where it is no answer. */
export function readAnswer (answer: string): { readonly status: number, readonly headers: string, readonly body: string, readonly told: readonly string[] | undefined } | null {
  const [, status = '', headers = '', body = ''] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n([^]*?)\r\n\r\n([^]*)$/.exec(answer) ?? []
  if (status === '') return null
  const [, told] = /^\{"told":(\[.*?\])\}/.exec(body) ?? []
  return { status: Number(status), headers, body, told: told === undefined || !/^x-app:/im.test(headers) ? undefined : JSON.parse(told) as string[] }
}
