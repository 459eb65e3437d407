/** What waits, by the network that asked for it: each has its turn, however much the others ask for. */
export interface Queue<Job> {
  /** @returns whether there was room */
  add (network: string, job: Job): boolean
  /** The next, of the network whose turn it is. */
  take (): Job | undefined
  /** Takes all that wait. */
  clear (): Job[]
}

/** @param most how many wait at once, of one network and of all */
export function createQueue<Job> (most: { readonly each: number, readonly all: number }): Queue<Job> {
  const queues = new Map<string, Job[]>() // in the order of their turns
  let size = 0
  return {
    add (network, job) {
      const queue = queues.get(network) ?? []
      if (queue.length >= most.each || size >= most.all) return false
      queue.push(job)
      queues.set(network, queue)
      size++
      return true
    },
    take () {
      const [network, queue] = queues.entries().next().value ?? []
      if (network === undefined || queue === undefined) return undefined
      const job = queue.shift()
      size--
      queues.delete(network)
      if (queue.length > 0) queues.set(network, queue)
      return job
    },
    clear () {
      const jobs = [...queues.values()].flat()
      queues.clear()
      size = 0
      return jobs
    }
  }
}
