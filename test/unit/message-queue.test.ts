import { expect, test } from '@jest/globals';
import { MessageQueue } from '../../lib/association/message-queue';

const done = { value: undefined, done: true };
const next = (text: string) => ({ value: Buffer.from(text), done: false });

test('messages come out in order, those that wait first', async () => {
  const queue = new MessageQueue(() => {});
  queue.push(Buffer.from('a'));
  queue.push(Buffer.from('b'));
  expect(await queue.next()).toEqual(next('a'));
  expect(await queue.next()).toEqual(next('b'));
});

test('readers that wait get messages in the order in which they asked', async () => {
  const queue = new MessageQueue(() => {});
  const [first, second] = [queue.next(), queue.next()];
  queue.push(Buffer.from('a'));
  queue.push(Buffer.from('b'));
  expect(await first).toEqual(next('a'));
  expect(await second).toEqual(next('b'));
});

test('1024 messages are held, the next one is refused', async () => {
  const queue = new MessageQueue(() => {});
  for (let i = 0; i < 1024; i++) expect(queue.push(Buffer.from(`${i}`))).toBe(true);
  expect(queue.push(Buffer.from('too many'))).toBe(false);
  expect(await queue.next()).toEqual(next('0'));
  expect(queue.push(Buffer.from('room again'))).toBe(true);
});

test('what is held comes out before the end', async () => {
  const queue = new MessageQueue(() => {});
  queue.push(Buffer.from('a'));
  queue.end(undefined);
  expect(await queue.next()).toEqual(next('a'));
  expect(await queue.next()).toEqual(done);
  expect(await queue.next()).toEqual(done);
});

test('what is held comes out before the error, which is thrown once', async () => {
  const queue = new MessageQueue(() => {});
  queue.push(Buffer.from('a'));
  queue.end(new Error('broken'));
  expect(await queue.next()).toEqual(next('a'));
  await expect(queue.next()).rejects.toThrow('broken');
  expect(await queue.next()).toEqual(done);
});

test('the end reaches every reader that waits', async () => {
  const queue = new MessageQueue(() => {});
  const readers = [queue.next(), queue.next()];
  queue.end(undefined);
  expect(await Promise.all(readers)).toEqual([done, done]);
});

test('the error reaches the first reader that waits, the others end', async () => {
  const queue = new MessageQueue(() => {});
  const [first, second] = [queue.next(), queue.next()];
  queue.end(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  expect(await second).toEqual(done);
  expect(await queue.next()).toEqual(done);
});

test('a reader that stops is told to the owner, and holds nothing any more', async () => {
  let returned = 0;
  const queue = new MessageQueue(() => returned++);
  queue.push(Buffer.from('a'));
  expect(await queue.return()).toEqual(done);
  expect(returned).toBe(1);
  expect(await queue.next()).toEqual(done);
});

test('for await takes it as it is', async () => {
  const queue = new MessageQueue(() => {});
  queue.push(Buffer.from('a'));
  queue.push(Buffer.from('b'));
  queue.end(undefined);
  const texts: string[] = [];
  for await (const message of queue) texts.push(message.toString());
  expect(texts).toEqual(['a', 'b']);
});
