import { expect, test } from 'vitest';

import { reuse } from '../src/state/reuse';

test('an equal value is the old one', () => {
  const before = { a: [1, { b: 'x' }], c: null };
  expect(reuse(before, structuredClone(before))).toBe(before);
});

test('only what changed is new', () => {
  const before = { history: [{ at: 1 }], level: 0.1 };
  const now = reuse(before, { history: [{ at: 1 }], level: 0.2 });
  expect(now).not.toBe(before);
  expect(now.history).toBe(before.history);
  expect(now.level).toBe(0.2);
});

test('what went or came is noticed', () => {
  const before = { list: [1, 2], maybe: null };
  expect(reuse(before, { list: [1], maybe: { x: 1 } })).toEqual({ list: [1], maybe: { x: 1 } });
});
