// @vitest-environment jsdom
import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test } from 'vitest';

import { clean, course, prepare } from './page';

const user = userEvent.setup();

beforeAll(prepare);
beforeEach(clean);

test.each(['call-remote-camera-off', 'call-screen'] as const)(
  'in %s there is nothing to swap our picture with, and a press does not',
  async (story) => {
    const { show } = await course(story);
    await user.click(
      screen.getByRole('button', {
        name: 'Your own picture. Arrow keys move it to another corner.',
      }),
    );
    show('call');
    expect(await screen.findByRole('button', { name: /Press to swap/u })).toHaveAccessibleName(
      /^Your own picture/u,
    );
  },
);
