// node plain-http-proxy.mjs UPSTREAM PORT [websocket]: @fastify/http-proxy with nothing but an upstream, and with its mode for websockets if that is said.
import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'

const [upstream, port, mode] = process.argv.slice(2)
const app = fastify({ logger: false })
await app.register(httpProxy, { upstream, websocket: mode === 'websocket' })
await app.listen({ host: '127.0.0.1', port: Number(port) })
