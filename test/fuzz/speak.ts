import { dial } from '../fixtures/talk.ts'

/**
 * Bytes as they are, the answer as it comes; both latin1. This side says that nothing follows once an answer has begun, or after so many
 * milliseconds without one: whoever says it at once is taken to have left.
 */
export async function speak (origin: string, bytes: string, patience = 4000): Promise<string> {
  return await new Promise(resolve => {
    let answer = ''
    const socket = dial(origin)
    socket.write(bytes, 'latin1')
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
