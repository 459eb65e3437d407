// node plain-http-proxy.mjs UPSTREAM PORT: @fastify/http-proxy with nothing but an upstream.
import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'

const [upstream, port] = process.argv.slice(2)
const app = fastify({ logger: false })
await app.register(httpProxy, { upstream })
await app.listen({ host: '127.0.0.1', port: Number(port) })
