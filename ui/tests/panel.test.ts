// @vitest-environment jsdom
import { screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { clean, prepare, story } from './page';

// There is no canvas here; what is drawn is looked at in a browser.
vi.mock('../src/call/statistics/draw', () => ({
  draw: () => Promise.resolve({ show: () => undefined, destroy: () => undefined }),
}));

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

test('each plot has its values as a table, and the whole can be copied and saved', async () => {
  const { backend } = await story('call-statistics');
  const table = screen.getByRole('table', { name: 'Round trip, ms, over the last five minutes' });
  expect(table).toHaveTextContent(/Now.*Mean.*Least.*Most.*Round trip/u);
  await user.click(screen.getByRole('button', { name: 'Copy as JSON' }));
  expect(await screen.findByText('The figures are on the clipboard.')).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Save as CSV' }));
  expect(await screen.findByText(/^Saved as .*tincan-call\.csv$/u)).toBeVisible();
  const [json, csv] = backend.copied;
  expect(JSON.parse(json ?? '')).toHaveLength(300);
  expect(csv?.split('\r\n')).toHaveLength(302);
});

test('the panel says in words how good the call is and why', async () => {
  await story('call-statistics-trouble');
  expect(screen.getByText('Poor: packets are lost')).toBeVisible();
  expect(screen.getByText('Excellent')).toBeVisible();
});
