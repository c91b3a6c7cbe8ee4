// @vitest-environment jsdom
import { screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test } from 'vitest';

import { clean, prepare, story } from './page';

const user = userEvent.setup();

beforeAll(prepare);
beforeEach(clean);

const panel = () => screen.queryByRole('region', { name: 'Statistics' });

test('a key opens the statistics beside the picture, and closes them', async () => {
  await story('call');
  await user.keyboard('i');
  await waitFor(() => {
    expect(panel()).toHaveFocus();
  });
  await user.keyboard('i');
  expect(panel()).toBeNull();
});

test('Escape closes the panel first and leaves full screen next', async () => {
  const { app } = await story('call-full-screen');
  await user.keyboard('{Escape}');
  await user.keyboard('i');
  await user.keyboard('{Escape}');
  expect(panel()).toBeNull();
  expect(app.view?.fullScreen).toBe(true);
  await user.keyboard('{Escape}');
  await waitFor(() => {
    expect(app.view?.fullScreen).toBe(false);
  });
});

test('the focus comes back to where the panel was opened', async () => {
  await story('call');
  const mute = screen.getByRole('button', { name: 'Mute the microphone' });
  mute.focus();
  await user.keyboard('i');
  await waitFor(() => {
    expect(panel()).toHaveFocus();
  });
  await user.keyboard('{Escape}');
  await waitFor(() => {
    expect(mute).toHaveFocus();
  });
});
