import { startRecorder, type Heard, type Recorder, type Says } from '../fixtures/recorder.ts'
import type { RawAnswer } from '../fixtures/talk.ts'
import type { Test } from 'tap'

/** Says of whom it was told, and how often. What is switched to another protocol is switched. */
const tellsBack: Says = (heard, socket) => {
  if (heard.pairs.some(([name]) => name === 'upgrade')) return false
  const body = JSON.stringify({ told: toldBy(heard) })
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nX-App: yes\r\n\r\n${heard.method === 'HEAD' ? '' : body}`, 'latin1')
  return true
}

export function startApp (t: Test): Promise<Recorder> {
  return startRecorder(t, tellsBack)
}

/** By whatever spelling an app could read. */
export function toldBy ({ pairs }: Heard): string[] {
  return pairs.filter(([name]) => name.replace(/[^a-z0-9]/g, '-') === 'x-forwarded-user').map(([, value]) => value)
}

/** Whom the app says that it was told of; nothing where the answer is not the app's. */
export function toldIn ({ head, body }: RawAnswer): readonly string[] | undefined {
  return /^x-app:/im.test(head) ? (JSON.parse(body) as { told: string[] }).told : undefined
}
