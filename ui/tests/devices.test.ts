import { expect, test } from 'vitest';

import { devices } from '../src/backend/stories/base';
import { deviceOptions } from '../src/state/devices';

test('a chosen device that is unplugged stays in the list, in words', () => {
  const camera = { ...devices(false).camera, chosen: 'usb-46d-085e' };
  expect(deviceOptions(camera).at(-1)).toEqual({
    value: 'usb-46d-085e',
    label: 'The one you chose is not plugged in',
  });
});
