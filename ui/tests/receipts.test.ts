import { expect, test } from 'vitest';

import type { ActiveCall } from '../src/backend/call';
import type { Received } from '../src/backend/bindings/Received';
import { ReceiptWatch } from '../src/state/trouble/receipts';
import { engine } from './views';

const MUTED = { microphone: false, camera: true };

function call(change: Partial<ActiveCall> = {}): ActiveCall {
  const { call } = engine('call');
  if (call.state !== 'active') throw new Error('the story is no call');
  return { ...call, ...change };
}

const says = (heard: Received['heard'], seen: Received['seen'] = true) =>
  call({ received: { heard, seen } });

test('whether they hear and see us is said as soon as it is known', () => {
  const watch = new ReceiptWatch();
  watch.update(says(null, null), 0);
  expect([watch.hears, watch.sees]).toEqual([false, false]);
  watch.update(says(true, null), 100);
  expect([watch.hears, watch.sees]).toEqual([true, false]);
});

test('one bad second takes nothing back, two do', () => {
  const watch = new ReceiptWatch();
  watch.update(says(true), 0);
  watch.update(says(false), 1000);
  watch.update(says(true), 2000);
  expect(watch.hears).toBe(true);
  watch.update(says(false), 3000);
  watch.update(says(false), 4900);
  expect(watch.hears).toBe(true);
  watch.update(says(false), 5000);
  expect([watch.hears, watch.sees]).toEqual([false, true]);
});

test('what is not sent any more is not heard, at once', () => {
  const watch = new ReceiptWatch();
  watch.update(says(true), 0);
  watch.update(says(null), 100);
  expect(watch.hears).toBe(false);
});

test('that we are not heard counts when it has lasted, and nobody was found who is to blame', () => {
  const watch = new ReceiptWatch();
  watch.update(says(false), 0);
  watch.update(says(false), 5900);
  expect(watch.unheard).toBe(false);
  watch.update(says(false), 6000);
  expect([watch.unheard, watch.unseen]).toEqual([true, false]);
});

test('who hears only silence of us does not hear us, whatever arrives there', () => {
  const watch = new ReceiptWatch();
  watch.update(call({ culprit: 'myMicrophone', received: { heard: true, seen: true } }), 0);
  expect([watch.hears, watch.sees]).toEqual([false, true]);
});

test('somebody to blame is kept through a good second, and gives way after two', () => {
  const watch = new ReceiptWatch();
  watch.update(call({ culprit: 'network' }), 0);
  expect(watch.culprit).toBe('network');
  watch.update(call(), 1000);
  watch.update(call({ culprit: 'network' }), 2000);
  watch.update(call({ culprit: 'theirCamera' }), 3000);
  watch.update(call({ culprit: 'theirCamera' }), 4900);
  expect(watch.culprit).toBe('network');
  watch.update(call({ culprit: 'theirCamera' }), 5000);
  expect(watch.culprit).toBe('theirCamera');
  watch.update(call(), 5100);
  watch.update(call(), 7100);
  expect(watch.culprit).toBeNull();
});

test('whoever mutes has dealt with a silent microphone', () => {
  const watch = new ReceiptWatch();
  watch.update(call({ culprit: 'myMicrophone' }), 0);
  watch.update(call({ local: MUTED }), 100);
  expect(watch.culprit).toBeNull();
  watch.update(call({ culprit: 'theirMicrophone' }), 200);
  watch.update(call({ remote: MUTED }), 300);
  expect(watch.culprit).toBeNull();
});
