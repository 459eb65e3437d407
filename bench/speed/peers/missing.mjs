/** Thrown where a peer is not on this machine: it is skipped, and the table says so. */
export class Missing extends Error {}
