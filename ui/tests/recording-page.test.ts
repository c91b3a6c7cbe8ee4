// @vitest-environment jsdom
import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { clean, course, prepare } from './page';

const user = userEvent.setup();

beforeAll(prepare);
beforeEach(clean);

test('what became of a recording is closed, and told anew when it happens once more', async () => {
  const { show } = await course('record-refused');
  const refusal = () => screen.queryByText('Bea Lindqvist does not want to be recorded.');
  expect(refusal()).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Close this message' }));
  expect(refusal()).toBeNull();
  show('record-asking');
  expect(await screen.findByText(/is asked whether you may record/u)).toBeVisible();
  show('record-refused');
  await vi.waitFor(() => {
    expect(refusal()).toBeVisible();
  });
});

test.each(['Agree', 'Refuse'])('%s gives the focus back to where it was', async (answer) => {
  const { show } = await course('call');
  const mute = screen.getByRole('button', { name: 'Mute the microphone' });
  mute.focus();
  show('record-asked');
  expect(await screen.findByRole('alertdialog')).toBeVisible();
  expect(screen.getByRole('heading', { name: /May Bea Lindqvist record/u })).toHaveFocus();
  await user.click(screen.getByRole('button', { name: answer }));
  show('call');
  await vi.waitFor(() => {
    expect(screen.queryByRole('alertdialog')).toBeNull();
  });
  expect(mute).toHaveFocus();
});

test('a question that is withdrawn leaves the focus where it is by then', async () => {
  const { show } = await course('call');
  screen.getByRole('button', { name: 'Mute the microphone' }).focus();
  show('record-asked');
  await screen.findByRole('alertdialog');
  const end = screen.getByRole('button', { name: 'End the call' });
  end.focus();
  show('call');
  await vi.waitFor(() => {
    expect(screen.queryByRole('alertdialog')).toBeNull();
  });
  expect(end).toHaveFocus();
});
