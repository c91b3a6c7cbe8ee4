import { expect, test } from 'vitest';

import { toggle, toggles, wishOf } from '../src/state/controls';
import { engine } from './views';

test.each([
  { sent: true, wanted: true, shows: 'on', asks: false },
  { sent: true, wanted: false, shows: 'on', asks: false },
  { sent: false, wanted: true, shows: 'pending', asks: false },
  { sent: false, wanted: false, shows: 'off', asks: true },
])('sent $sent, wanted $wanted: shows $shows, asks for $asks', ({ sent, wanted, ...expected }) => {
  expect(toggle(sent, wanted)).toEqual(expected);
});

test('before the answer what will be sent is the wish', () => {
  const { call } = engine('calling-camera-off');
  if (call.state !== 'outgoing') throw new Error('the story calls somebody');
  expect(wishOf(call)).toBe(call.local);
  expect(toggles(call)).toMatchObject({ microphone: { shows: 'on' }, camera: { shows: 'off' } });
});
