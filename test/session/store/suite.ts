import type { Test } from 'tap'
import type { Store } from '../../../src/session/store/store.ts'

export interface StoreUnderTest {
  /** Another process's view of the same: equal to the first where one process is all there is. */
  readonly stores: readonly [Store, Store]
  /** Lets time pass, really or by a test's clock. */
  pass (milliseconds: number): Promise<void> | void
  now (): number
}

/** What every store does, and what sessions count on. */
export async function behavesAsStore (t: Test, { stores: [one, other], pass, now }: StoreUnderTest): Promise<void> {
  await t.test('what one puts there another gets, until it is over', async t => {
    t.equal(await one.get('a:1'), null)
    await one.set('a:1', 'first', 60_000)
    t.equal(await other.get('a:1'), 'first')
    await other.set('a:1', 'second', 400)
    t.equal(await one.get('a:1'), 'second')
    await pass(500)
    t.equal(await one.get('a:1'), null, 'the later life counts')
  })
  await t.test('of two that add, one has added', async t => {
    const added = await Promise.all([one.add('b', 'one', 400), other.add('b', 'other', 400)])
    t.strictSame(added.toSorted(), [false, true])
    t.equal(await one.get('b'), added[0] ? 'one' : 'other')
    await pass(500)
    t.equal(await other.add('b', 'again', 60_000), true, 'what is over is not there')
  })
  await t.test('of two that replace the same, one has replaced it; what is not there is not replaced', async t => {
    t.equal(await one.replace('c', 'x', 'y', 60_000), false)
    await one.set('c', 'x', 60_000)
    const replaced = await Promise.all([one.replace('c', 'x', 'one', 400), other.replace('c', 'x', 'other', 400)])
    t.strictSame(replaced.toSorted(), [false, true])
    t.equal(await other.get('c'), replaced[0] ? 'one' : 'other')
    await pass(500)
    t.equal(await one.get('c'), null, 'with its own life')
  })
  await t.test('what is removed is gone, and only if it is what was meant', async t => {
    await one.set('d', 'x', 60_000)
    t.equal(await other.remove('d', 'y'), false)
    t.equal(await one.get('d'), 'x')
    t.equal(await other.remove('d', 'x'), true)
    t.equal(await one.remove('d'), false)
    await one.set('d', 'z', 60_000)
    t.equal(await other.remove('d'), true)
    t.equal(await one.get('d'), null)
  })
  await t.test('a set has its members for as long as each is meant to be there', async t => {
    const start = now()
    await Promise.all([one.enrol('s', 'short', start + 400), other.enrol('s', 'long', start + 60_000), one.enrol('other', 'elsewhere', start + 60_000)])
    await other.enrol('s', 'short', start + 100)
    t.strictSame([...await one.members('s')].sort(), [['long', start + 60_000], ['short', start + 400]], 'an earlier end does not shorten')
    await one.enrol('s', 'gone', start + 60_000)
    await other.dismiss('s', ['gone', 'unknown'])
    await one.dismiss('nothing', ['unknown'])
    t.equal((await one.members('s')).size, 2, 'one can be put out before its time, and no other is')
    await pass(500)
    t.strictSame([...await other.members('s')], [['long', start + 60_000]])
    t.strictSame([...await one.members('none')], [])
    const heard: string[] = []
    other.listen('told', word => { heard.push(word) })
    await pass(100) // until what is between them knows that it listens
    await one.enrol('told', 'a member', start + 60_000)
    await pass(200)
    t.strictSame(heard, ['a member'], 'who listens hears of it by the same step: whoever tells cannot vanish in between')
  })
  await t.test('a word is heard by everybody who listens to its topic, by oneself too', async t => {
    const heard: string[] = []
    one.listen('t', word => { heard.push(`one ${word}`) })
    other.listen('t', word => { heard.push(`other ${word}`) })
    one.listen('u', word => { heard.push(`u ${word}`) })
    await pass(100) // until what is between them knows that they listen
    await one.announce('t', 'hello world')
    await pass(200)
    t.strictSame(heard.toSorted(), ['one hello world', 'other hello world'])
  })
  await t.test('values of any length and characters of a token come back as they were', async t => {
    const value = 'A-_=.|'.repeat(40_000)
    await one.set('big', value, 60_000)
    t.equal(await other.get('big'), value)
    await one.remove('big')
  })
}
