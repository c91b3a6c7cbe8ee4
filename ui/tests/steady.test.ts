import { expect, test } from 'vitest';

import { Lasting, Steady } from '../src/state/trouble/steady';

test('a steady value ignores short changes both ways', () => {
  const steady = new Steady(1000, 2000);
  expect(steady.update(true, 0)).toBe(false);
  expect(steady.update(false, 500)).toBe(false);
  expect(steady.update(true, 600)).toBe(false);
  expect(steady.update(true, 1600)).toBe(true);
  expect(steady.update(false, 1700)).toBe(true);
  expect(steady.update(true, 3000)).toBe(true);
  expect(steady.update(false, 3100)).toBe(true);
  expect(steady.update(false, 5100)).toBe(false);
});

test('a lasting value comes at once and goes late', () => {
  const lasting = new Lasting<string>(2000);
  expect(lasting.update('a', 0)).toBe('a');
  expect(lasting.update(null, 100)).toBe('a');
  expect(lasting.update('b', 1000)).toBe('a');
  expect(lasting.update('b', 2100)).toBe('b');
  lasting.clear();
  expect(lasting.value).toBeNull();
  expect(lasting.update('a', 2200)).toBe('a');
});
