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
  watch.update(says(null, null), false, 0);
  expect([watch.hears, watch.sees]).toEqual([false, false]);
  watch.update(says(true, null), false, 100);
  expect([watch.hears, watch.sees]).toEqual([true, false]);
});

test('one bad second takes nothing back, two do', () => {
  const watch = new ReceiptWatch();
  watch.update(says(true), false, 0);
  watch.update(says(false), false, 1000);
  watch.update(says(true), false, 2000);
  expect(watch.hears).toBe(true);
  watch.update(says(false), false, 3000);
  watch.update(says(false), false, 4900);
  expect(watch.hears).toBe(true);
  watch.update(says(false), false, 5000);
  expect([watch.hears, watch.sees]).toEqual([false, true]);
});

test('what is not sent any more is not heard, at once', () => {
  const watch = new ReceiptWatch();
  watch.update(says(true), false, 0);
  watch.update(says(null), false, 100);
  expect(watch.hears).toBe(false);
});

test('that we are not heard counts when it has lasted, and nobody was found who is to blame', () => {
  const watch = new ReceiptWatch();
  watch.update(says(false), false, 0);
  watch.update(says(false), false, 5900);
  expect(watch.unheard).toBe(false);
  watch.update(says(false), false, 6000);
  expect([watch.unheard, watch.unseen]).toEqual([true, false]);
});

test('who hears only silence of us does not hear us, whatever arrives there', () => {
  const watch = new ReceiptWatch();
  watch.update(call({ received: { heard: true, seen: true } }), true, 0);
  expect([watch.hears, watch.sees]).toEqual([false, true]);
});

test('somebody to blame is kept through a good second, and gives way after two', () => {
  const watch = new ReceiptWatch();
  watch.update(call({ culprit: 'network' }), false, 0);
  expect(watch.culprit).toBe('network');
  watch.update(call(), false, 1000);
  watch.update(call({ culprit: 'network' }), false, 2000);
  watch.update(call({ culprit: 'theirCamera' }), false, 3000);
  watch.update(call({ culprit: 'theirCamera' }), false, 4900);
  expect(watch.culprit).toBe('network');
  watch.update(call({ culprit: 'theirCamera' }), false, 5000);
  expect(watch.culprit).toBe('theirCamera');
  watch.update(call(), false, 5100);
  watch.update(call(), false, 7100);
  expect(watch.culprit).toBeNull();
});

test('our silent microphone is to blame as long as it is, whatever the receipts say yet', () => {
  const watch = new ReceiptWatch();
  watch.update(call(), true, 0);
  expect(watch.culprit).toBe('myMicrophone');
  watch.update(call({ culprit: 'myMicrophone' }), false, 100);
  expect(watch.culprit).toBeNull();
});

test('whoever mutes has dealt with a silent microphone', () => {
  const watch = new ReceiptWatch();
  watch.update(call({ culprit: 'myMicrophone' }), true, 0);
  watch.update(call({ local: MUTED }), false, 100);
  expect(watch.culprit).toBeNull();
  watch.update(call({ culprit: 'theirMicrophone' }), false, 200);
  watch.update(call({ remote: MUTED }), false, 300);
  expect(watch.culprit).toBeNull();
});
