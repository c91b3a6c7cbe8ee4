import { expect, test } from 'vitest';

import { type Floating, mayFade } from '../src/state/fade';

const resting: Floating = {
  idle: true,
  open: false,
  connected: true,
  trouble: false,
  picture: true,
  focused: false,
};

test('controls fade over a picture when nothing is touched', () => {
  expect(mayFade(resting)).toBe(true);
});

test.each<[string, Partial<Floating>]>([
  ['somebody moves the pointer', { idle: false }],
  ['a menu is open', { open: true }],
  ['the call is connecting or reconnecting', { connected: false }],
  ['trouble is shown, such as talking while muted', { trouble: true }],
  ['only sound comes', { picture: false }],
  ['the keyboard is on a control', { focused: true }],
])('controls stay while %s', (_, change) => {
  expect(mayFade({ ...resting, ...change })).toBe(false);
});
