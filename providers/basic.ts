import { fromForm } from '../src/provider.ts'

/** Who signs people in where that is the gate itself, by `--basic-auth`. It is in no list: the setting alone chooses it. */
export default fromForm({ name: 'basic', label: 'a password' })
