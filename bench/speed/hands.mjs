// Processes that do what they are asked: whoever asks and whoever answers must not take time from each other, nor from what is measured.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { LOAD_CORE, pinned } from './machine.mjs'

/** @param file of a program that calls `serve` */
export async function startHand (file) {
  const [command, ...args] = pinned(LOAD_CORE, process.execPath, file)
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = once(child, 'exit').then(([code, signal]) => { throw new Error(`${file} ended with ${code ?? signal}`) })
  ended.catch(() => { /* whoever waits for it is told */ })
  const waiting = new Map()
  let last = 0
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(result)
    else reject(new Error(error))
  })
  return {
    /** @returns what the deed of that name has come to */
    async ask (deed, options = {}) {
      const id = ++last
      const done = new Promise((resolve, reject) => { waiting.set(id, { resolve, reject }) })
      child.send({ id, deed, options })
      return await Promise.race([done, ended])
    },
    async stop () {
      child.kill('SIGKILL')
      await ended.catch(() => { /* as it should */ })
    }
  }
}

/** @param deeds functions, by name */
export function serve (deeds) {
  process.on('message', async ({ id, deed, options }) => {
    try {
      process.send({ id, result: await deeds[deed](options) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
  process.on('disconnect', () => process.exit())
}
