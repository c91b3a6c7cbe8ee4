// @vitest-environment jsdom
/** A call in trouble, lost, and found again, as the page shows it. */
import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import { clean, prepare, story } from './page';

const user = userEvent.setup();

beforeAll(prepare);
beforeEach(clean);

/** The line above the bar; the live region says the same. */
const line = () => document.querySelector<HTMLElement>('[data-trouble]') ?? document.body;

const button = (name: string | RegExp) => screen.getByRole('button', { name });

test('a lost call goes on when both want it, and a second press changes nothing', async () => {
  const { backend } = await story('ended-lost');
  await user.click(button('Reconnect when possible'));
  expect(screen.getByText(/^Waiting for Bea/u, { selector: 'main p' })).toBeVisible();
  expect(button('Waiting…')).toHaveFocus();
  await user.keyboard('{Enter}');
  expect(backend.commands).toEqual([{ do: 'resume', video: true }]);
  await user.click(button('Cancel'));
  expect(backend.commands.at(-1)).toEqual({ do: 'dismiss' });
  expect(await screen.findByRole('heading', { name: 'Call someone' })).toBeVisible();
});

test('whoever is waited for is connected by one press', async () => {
  const { backend } = await story('ended-lost-wanted');
  expect(screen.getByText('Bea Lindqvist wants to go on with the call.')).toBeVisible();
  await user.click(button('Reconnect'));
  expect(backend.commands).toEqual([{ do: 'resume', video: true }]);
  expect(await screen.findByRole('timer')).toBeVisible();
});

test('when it is too late to go on, the call can only be made again', async () => {
  const { backend } = await story('ended-gone-late');
  expect(screen.queryByRole('button', { name: /Reconnect/u })).toBeNull();
  await user.click(button('Call again'));
  expect(backend.commands).toMatchObject([{ do: 'dial', video: true }]);
});

test('the header says what arrives of us, and the line of trouble what does not', async () => {
  await story('call');
  expect(screen.getByText(/Hears you · sees you/u)).toBeVisible();
  clean();
  await story('trouble-their-speaker');
  expect(screen.getByText(/^· Sees you$/u)).toBeVisible();
  expect(line()).toHaveTextContent(/they do not hear you/u);
});

test('what helps goes once it is done', async () => {
  const { backend } = await story('trouble-network-ours');
  await user.click(button('Turn off camera'));
  expect(backend.commands).toEqual([{ do: 'setCamera', on: false }]);
  await vi.waitFor(() => {
    expect(screen.queryByRole('button', { name: 'Turn off camera' })).toBeNull();
  });
  expect(line()).toHaveTextContent(/The network loses what you send/u);
});

test('reconnecting is one line, with how long it has been', async () => {
  await story('call-reconnecting');
  expect(line()).toHaveTextContent(/^Reconnecting to Bea Lindqvist… 0:00$/u);
  expect(within(line()).getByRole('timer')).toBeVisible();
});

test.each([
  'calling',
  'ringing',
  'connecting',
  'call-devices-opening',
  'call',
  'call-reconnecting',
  'trouble-network-ours',
  'call-faults',
])('End works at once in %s', async (name) => {
  const { backend } = await story(name);
  const end = document.querySelector<HTMLElement>('[data-action="end"]');
  expect(end).toBeEnabled();
  end?.click();
  await vi.waitFor(() => {
    expect(backend.commands).toEqual([{ do: 'end' }]);
  });
});

test('a key opens what can be made to fail, and nothing else leads there', async () => {
  const { backend } = await story('call-menu-more');
  expect(screen.queryByText(/fail/u)).toBeNull();
  clean();
  const { backend: calm } = await story('call');
  await user.keyboard('{Control>}{Shift>}F{/Shift}{/Control}');
  const sheet = await screen.findByRole('dialog', { name: 'Make something fail' });
  for (const fault of ['Relay away', 'Path away', 'Decoder', 'Camera']) {
    await user.click(within(sheet).getByRole('button', { name: new RegExp(`^${fault}`, 'u') }));
  }
  expect(calm.commands).toEqual(
    ['relay', 'path', 'decoder', 'camera'].map((fault) => ({ do: 'fault', fault })),
  );
  expect(within(sheet).getByRole('status')).toHaveTextContent('Asked for: Camera fails');
  expect(backend.commands).toEqual([]);
  await user.keyboard('{Escape}');
  expect(screen.queryByRole('dialog')).toBeNull();
});
