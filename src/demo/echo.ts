import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const opcodes = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const
/** Close codes of RFC 6455 §7.4.1. */
const codes = { normal: 1000, protocol: 1002, unsupported: 1003, notText: 1007, tooLong: 1009 } as const
const longestMessage = 0xffff

/** A websocket (RFC 6455) that answers every text with `who: text`. Small on purpose: no extension, no binary, 64 KiB a message. */
export function echo (request: IncomingMessage, socket: Duplex, head: Buffer, who: string): void {
  const key = request.headers['sec-websocket-key']
  socket.on('error', () => { socket.destroy() })
  if (key === undefined || request.headers['sec-websocket-version'] !== '13') {
    socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    return
  }
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`)
  const receive = receiver(socket, who)
  if (head.length > 0) receive(head)
  socket.on('data', receive)
}

interface Frame { readonly final: boolean, readonly opcode: number, readonly payload: Buffer, readonly length: number }

function receiver (socket: Duplex, who: string): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  let message: Buffer | undefined
  const close = (code: number) => {
    socket.off('data', receive)
    socket.end(frame(opcodes.close, Buffer.of(code >> 8, code & 0xff)))
  }
  const take = ({ final, opcode, payload }: Frame): number | undefined => {
    if (opcode === opcodes.close) return closeCode(payload)
    if (opcode === opcodes.ping) socket.write(frame(opcodes.pong, payload))
    if (opcode >= opcodes.close) return opcode > opcodes.pong ? codes.protocol : undefined
    if (opcode > opcodes.text) return codes.unsupported
    if ((opcode === opcodes.continuation) !== (message !== undefined)) return codes.protocol
    message = Buffer.concat([message ?? Buffer.alloc(0), payload])
    if (message.length > longestMessage) return codes.tooLong
    if (!final) return undefined
    const text = decode(message)
    message = undefined
    if (text === undefined) return codes.notText
    socket.write(frame(opcodes.text, Buffer.from(`${who}: ${text}`)))
    return undefined
  }
  function receive (chunk: Buffer): void {
    pending = Buffer.concat([pending, chunk])
    for (let next = read(pending); next !== undefined; next = read(pending)) {
      const ending = typeof next === 'number' ? next : take(next)
      if (ending !== undefined) return close(ending)
      if (typeof next !== 'number') pending = pending.subarray(next.length)
    }
  }
  return receive
}

/** The code to answer a close frame with: its own, unless that may not be sent (RFC 6455 §7.4). */
function closeCode (payload: Buffer): number {
  if (payload.length === 0) return codes.normal
  const code = payload.length === 1 ? 0 : payload.readUInt16BE(0)
  return code < 1000 || (code > 1003 && code < 1007) || code > 4999 ? codes.protocol : code
}

/** The first whole frame (RFC 6455 §5.2), undefined while it is incomplete, a close code where it breaks the rules. */
function read (bytes: Buffer): Frame | number | undefined {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  const opcode = first & 0x0f
  const final = (first & 0x80) !== 0
  const short = second & 0x7f
  const unruly = (first & 0x70) !== 0 || (second & 0x80) === 0 || (opcode >= opcodes.close && (!final || short > 125))
  if (unruly) return codes.protocol
  if (short === 127) return codes.tooLong
  const start = short === 126 ? 8 : 6
  if (bytes.length < start) return undefined
  const length = start + (short === 126 ? bytes.readUInt16BE(2) : short)
  if (bytes.length < length) return undefined
  const mask = bytes.subarray(start - 4, start)
  const payload = Buffer.from(bytes.subarray(start, length).map((byte, index) => byte ^ (mask[index % 4] ?? 0)))
  return { final, opcode, payload, length }
}

function frame (opcode: number, payload: Buffer): Buffer {
  const { length } = payload
  const size = length < 126 ? [length] : length <= 0xffff ? [126, length >> 8, length & 0xff] : [127, 0, 0, 0, 0, 0, length >> 16, length >> 8 & 0xff, length & 0xff]
  return Buffer.concat([Buffer.of(0x80 | opcode, ...size), payload])
}

function decode (bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
