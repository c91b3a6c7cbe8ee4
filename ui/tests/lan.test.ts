// @vitest-environment jsdom
import { screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { Understood } from '../src/backend/bindings/Understood';
import { BEA, CARL, DINA, LONG, STRANGER, TEST } from '../src/backend/stories/base';
import { SEVERAL_FAIL } from '../src/backend/stories/doctor';
import { clean, prepare, story } from './page';

const user = userEvent.setup();
beforeAll(prepare);
beforeEach(clean);

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const nearby = () => within(screen.getByRole('region', { name: 'Nearby' }));
const people = () => within(screen.getByRole('region', { name: 'People' }));
const field = () => screen.getByRole<HTMLInputElement>('textbox', { name: /^Call or paste/u });

test('who is nearby stands there once, with the marks that they have elsewhere', async () => {
  await story('home-nearby');
  expect(nearby().getByText(/^Verified/u)).toBeInTheDocument();
  expect(nearby().getByText('Carl from the choir')).toBeVisible();
  expect(people().queryByText('Carl from the choir')).toBeNull();
  expect(people().queryByText('Bea Lindqvist')).toBeNull();
});

test('somebody nearby is called by one press', async () => {
  const { backend } = await story('home-nearby');
  await user.click(nearby().getByRole('button', { name: 'Call Bea Lindqvist' }));
  expect(backend.commands).toEqual([
    { do: 'dial', to: expect.stringMatching(/^tincan:c5rm.*name=Bea%20Lindqvist$/u), video: true },
  ]);
});

test('whoever gives themselves the name of a contact is told to be none', async () => {
  await story('home-nearby-long-names');
  const same = nearby().getAllByText(LONG.name);
  expect(same).toHaveLength(2);
  const rows = same.map((one) => one.closest('li')?.textContent);
  expect(rows[0]).toContain('Verified');
  expect(rows[1]).toContain('Not in your contacts');
});

test('a stranger who goes away while their page is open can still be called', async () => {
  const { backend } = await story('home-nearby-person');
  expect(screen.getByRole('heading', { name: STRANGER.name })).toBeVisible();
  backend.around([]);
  await vi.waitFor(() => {
    expect(nearby().queryByText(STRANGER.name)).toBeNull();
  });
  await user.click(button('Call'));
  expect(backend.commands).toMatchObject([{ do: 'dial' }]);
});

test('who comes is announced, and moves up with the place of the keyboard', async () => {
  const { backend, app } = await story('home');
  people().getByRole('button', { name: 'Call Dina Okonkwo' }).focus();
  backend.around([DINA]);
  await vi.waitFor(() => {
    expect(nearby().getByRole('button', { name: 'Call Dina Okonkwo' })).toHaveFocus();
  });
  expect(app.announcement).toBe('Dina Okonkwo is on your network');
});

test('whoever is alone lets others see them by one press, and the keyboard stays', async () => {
  const { backend } = await story('home');
  const configure = vi.spyOn(backend, 'configure');
  expect(nearby().getByText('Nobody you know is here yet.')).toBeVisible();
  await user.click(button('Let people on this network see me'));
  expect(configure.mock.calls).toEqual([[{ lan: 'everyone' }]]);
  await vi.waitFor(() => {
    expect(nearby().getByText('Nobody else is here yet.')).toHaveFocus();
  });
  expect(screen.queryByRole('button', { name: /^Let people/u })).toBeNull();
});

test('who does not take part in local networks sees nothing of them', async () => {
  await story('home-nearby-off');
  expect(screen.queryByText('Nearby')).toBeNull();
  expect(screen.queryByText(/on your network/iu)).toBeNull();
});

test('a network that could not be joined is told, and leads to the check', async () => {
  await story('home-nearby-failed');
  expect(nearby().getByText(/could not join this network/u)).toBeVisible();
  await user.click(button('Check the connection'));
  expect(await screen.findByText('Nothing was found that is in the way of calls.')).toBeVisible();
});

test.each([
  ['home-nearby-offline', 'Not connected to the relay – nearby calls still work.'],
  ['home-nearby-relay-full', /^The relay is full.*Nearby calls still work\./u],
  ['home-nearby-relay-unset', /^No relay is set, so only people nearby/u],
])('%s says what still works', async (name, text) => {
  await story(name);
  expect(screen.getByText(text)).toBeVisible();
});

test('without local networks nobody is promised nearby calls', async () => {
  const { app } = await story('home-no-relay');
  await app.configure({ lan: 'off' });
  expect(await screen.findByText('Not connected to the relay. Trying again…')).toBeVisible();
});

test('a name that is typed finds people nearby too', async () => {
  await story('home-nearby');
  await user.type(field(), 'choir');
  expect(nearby().getByText('Carl from the choir')).toBeVisible();
  expect(screen.queryByText('Bea Lindqvist')).toBeNull();
});

test('a place is asked until somebody answers, and who answers is called', async () => {
  const { backend } = await story('home');
  const place = { kind: 'place', place: 'studio.local' } as const;
  const answers: Understood[] = [
    { ...place, state: 'asking', person: null },
    { ...place, state: 'asking', person: null },
    { ...place, state: 'found', person: DINA },
  ];
  const last = answers.at(-1) as Understood;
  backend.understand = () => Promise.resolve(answers.shift() ?? last);
  await user.click(field());
  await user.paste('studio.local');
  expect(await screen.findByText('Looking for somebody at studio.local…')).toBeVisible();
  expect(await screen.findByText(/at studio\.local$/u, {}, { timeout: 2000 })).toBeVisible();
  await user.keyboard('{Enter}');
  expect(backend.commands).toMatchObject([
    { do: 'dial', to: expect.stringMatching(/^tincan:xk4w/u) },
  ]);
});

test('a place that is typed no more is asked no more', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const { backend } = await story('field-place-asking');
  const asked = vi.spyOn(backend, 'understand');
  await vi.advanceTimersByTimeAsync(1000);
  const before = asked.mock.calls.length;
  expect(before).toBeGreaterThan(1);
  await userEvent.setup({ advanceTimers: vi.advanceTimersByTime }).clear(field());
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked.mock.calls.slice(before)).toEqual([['']]);
  vi.useRealTimers();
});

test.each([
  ['field-place-nobody', /^No Tincan answers at 192\.168\.1\.21:7777/u],
  ['field-place-hidden', /^Somebody is at 192\.168\.1\.22 who does not say who/u],
])('%s is told, and nothing is dialled', async (name, text) => {
  const { backend } = await story(name);
  expect(await screen.findByText(text)).toBeVisible();
  await user.type(field(), '{Enter}');
  expect(backend.commands).toEqual([]);
});

test('who may see us on the network is chosen in the settings', async () => {
  const { backend } = await story('settings-network');
  const configure = vi.spyOn(backend, 'configure');
  expect(screen.getByRole('radio', { name: 'People I know' })).toBeChecked();
  await user.click(screen.getByRole('radio', { name: 'Nobody' }));
  expect(configure).toHaveBeenLastCalledWith({ lan: 'off' });
  await vi.waitFor(() => {
    expect(screen.getByRole('radio', { name: 'Nobody' })).toBeChecked();
  });
});

test('the check runs as it opens, says what is in the way, and gives the focus back', async () => {
  const { backend } = await story('settings-network');
  const examine = vi.spyOn(backend, 'examine').mockResolvedValue(SEVERAL_FAIL);
  await user.click(button('Check the connection'));
  expect(screen.getByRole('heading', { name: 'Check the connection' })).toHaveFocus();
  expect(await screen.findByText('8 things to look at')).toBeVisible();
  const bad = within(screen.getByRole('region', { name: 'To look at' }));
  expect(bad.getAllByText('In the way:')).toHaveLength(5);
  expect(bad.getByText(/turn off “client isolation”/u)).toBeVisible();
  expect(examine.mock.calls).toEqual([[undefined]]);
  await user.click(button('Back to Network'));
  expect(button('Check the connection')).toHaveFocus();
});

test('the way to a computer that is named is tried too', async () => {
  const { backend } = await story('settings-doctor');
  const examine = vi.spyOn(backend, 'examine');
  await screen.findByText('Nothing was found that is in the way of calls.');
  await user.type(screen.getByLabelText('Somebody’s computer'), ' 192.168.1.20 {Enter}');
  expect(examine).toHaveBeenLastCalledWith('192.168.1.20');
});

test('a check that runs is not started again, and one that breaks off is told', async () => {
  const { backend } = await story('settings-doctor');
  await screen.findByText('Nothing was found that is in the way of calls.');
  let stop: () => void = () => undefined;
  const examine = vi.spyOn(backend, 'examine').mockImplementation(
    () =>
      new Promise((_, reject) => {
        stop = () => {
          reject(new Error('gone'));
        };
      }),
  );
  await user.click(button('Check again'));
  await user.click(button('Check again'));
  expect(examine).toHaveBeenCalledTimes(1);
  stop();
  expect(await screen.findByText('The check itself failed. Try once more.')).toBeVisible();
});

test('the report that is copied is the one without names', async () => {
  const { backend } = await story('settings-doctor');
  await screen.findByText('Nothing was found that is in the way of calls.');
  await user.click(button('Copy report'));
  expect(await screen.findByText('Copied')).toBeVisible();
  expect(backend.copied).toEqual([expect.stringContaining('Tincan 0.1.0 on Linux')]);
});

test.each([
  ['home-empty', /^Test call/u],
  ['settings-sound', 'Test call'],
])('%s starts a test call', async (name, label) => {
  await story(name);
  const buttons = screen.getAllByRole('button', { name: label });
  await user.click(buttons.at(-1) as HTMLElement);
  expect(await screen.findByRole('heading', { name: 'Test call' })).toBeVisible();
});

test('a test call is repeated as one, and its peer is nobody to be saved', async () => {
  const { backend, app } = await story('home');
  const tested = vi.spyOn(backend, 'testCall');
  await app.testCall();
  expect(app.isTest(TEST.address)).toBe(true);
  await user.click(button('Cancel'));
  expect(screen.queryByRole('button', { name: 'Add to contacts' })).toBeNull();
  await user.click(button('Test again'));
  expect(tested).toHaveBeenCalledTimes(2);
  expect(backend.commands.filter((one) => one.do === 'dial')).toEqual([]);
});

test('nobody compares words in a test call, or saves its peer', async () => {
  const { app } = await story('call-test');
  expect(screen.queryByText('Compare words')).toBeNull();
  app.local.menu = 'more';
  expect(await screen.findByText('Keyboard shortcuts')).toBeVisible();
  expect(screen.queryByText(/^(Compare words|Add to contacts)$/u)).toBeNull();
});

test('a call to somebody is no test call, also after one that could not be made', async () => {
  const { backend, app } = await story('home');
  backend.testCall = () => Promise.reject({ code: 'alreadyInCall', message: 'no' });
  await app.testCall();
  expect(screen.getByText('You are in a call already. End it first.')).toBeVisible();
  await app.call(CARL, true);
  expect(app.isTest(CARL.address)).toBe(false);
  expect(app.isTest(BEA.address)).toBe(false);
});
