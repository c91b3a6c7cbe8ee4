import { expect, test } from 'vitest';

import { choices } from '../src/settings/choices';

const seconds = (value: number) => `${value} s`;

test('a value from elsewhere is among the choices, in its place', () => {
  expect(choices([20, 45], 30, seconds)).toEqual([
    { value: '20', label: '20 s' },
    { value: '30', label: '30 s' },
    { value: '45', label: '45 s' },
  ]);
});

test('the present value is there once', () => {
  expect(choices([20, 45], 45, seconds).map((one) => one.value)).toEqual(['20', '45']);
});
