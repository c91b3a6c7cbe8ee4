import { expect, test } from 'vitest';

import { anchor, clockText } from '../src/state/duration';

test.each([
  [0, '0:00'],
  [-5, '0:00'],
  [59_999, '0:59'],
  [187_000, '3:07'],
  [3_729_000, '1:02:09'],
])('%i ms reads %s', (ms, text) => {
  expect(clockText(ms)).toBe(text);
});

test('the clock runs evenly although views arrive unevenly', () => {
  const first = anchor(null, 1000, 5000);
  expect(first).toBe(4000);
  expect(anchor(first, 2000, 6150)).toBe(4000);
});

test('the clock follows when the call is really older than thought', () => {
  expect(anchor(4000, 5000, 6000)).toBe(1000);
});
