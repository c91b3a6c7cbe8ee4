import { expect, test } from 'vitest';

import { strength } from '../src/state/passphrase';

test.each([
  ['', 'empty'],
  ['secret', 'short'],
  ['🎈🎈🎈🎈', 'short'],
  ['password', 'weak'],
  ['aaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'weak'],
  ['12345678901234567890', 'weak'],
  ['abababababababababababab', 'weak'],
  ['plum-River7', 'fair'],
  ['copper lantern meadow seven', 'good'],
])('%j is %s', (passphrase, expected) => {
  expect(strength(passphrase)).toBe(expected);
});
