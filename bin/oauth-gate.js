#!/usr/bin/env node
import { access } from 'node:fs/promises'
const entry = new URL('../dist/src/cli/main.js', import.meta.url)
await access(entry).catch(() => { throw new Error('oauth-gate is not built yet: run "npm run build" in its folder') })
process.exitCode = await (await import(entry.href)).main(process.argv.slice(2))
