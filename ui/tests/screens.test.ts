// @vitest-environment jsdom
import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';

import type { UiView } from '../src/backend/bindings/UiView';
import { fake, type FakeBackend } from '../src/backend/fake';
import { STORIES } from '../src/backend/stories';
import { m } from '../src/paraglide/messages';
import Root from '../src/Root.svelte';
import { App } from '../src/state/app.svelte';
import { clean, prepare, story as shown } from './page';

const user = userEvent.setup();

beforeAll(prepare);
beforeEach(clean);

const story = async (name: string): Promise<FakeBackend> => (await shown(name)).backend;

const button = (name: string | RegExp) => screen.getByRole('button', { name });

test('the field says at once what a pasted link means, and calls', async () => {
  const backend = await story('field-link');
  expect(await screen.findByText('Invite from Bea Lindqvist')).toBeVisible();
  await user.click(button('Call'));
  expect(backend.commands).toMatchObject([{ do: 'dial', video: true }]);
  expect(await screen.findByText('Calling…')).toBeVisible();
});

test('the field dials what it shows as understood, and not the text around it', async () => {
  const backend = await story('home');
  const field = screen.getByRole('textbox', { name: 'Call or paste a link' });
  const link = STORIES['field-link'].opening.field ?? '';
  await user.click(field);
  await user.paste(`Hello,\ncall me: <${link}>\nBea`);
  expect(await screen.findByText('Invite from Bea Lindqvist')).toBeVisible();
  expect(screen.getByText(/c5rm…oa3e.*over relay\.example/u)).toBeVisible();
  await user.click(button('Call'));
  expect(backend.commands).toEqual([{ do: 'dial', to: link, video: true }]);
});

test('lines without a link are pasted as one line', async () => {
  await story('home');
  const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Call or paste a link' });
  await user.type(field, 'to ');
  await user.paste('Dina\nOkonkwo');
  await vi.waitFor(() => {
    expect(field.value).toBe('to Dina Okonkwo');
  });
});

test('a link that is opened while somebody types waits beside the text', async () => {
  const backend = await story('field-offered');
  const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Call or paste a link' });
  expect(await screen.findByText('Invite from Bea Lindqvist')).toBeVisible();
  expect(field.value).toBe('be');
  await user.type(field, 'a');
  await user.click(button('Use it'));
  expect(field.value).toMatch(/^tincan:c5rm/u);
  expect(screen.queryByText('You opened a link.')).toBeNull();
  await user.click(button('Call'));
  expect(backend.commands).toMatchObject([{ do: 'dial', to: field.value }]);
});

test('a link that is opened while somebody types can be left', async () => {
  const backend = await story('field-offered');
  await user.click(button('Leave the link'));
  expect(screen.queryByText('You opened a link.')).toBeNull();
  expect(screen.getByRole<HTMLInputElement>('textbox').value).toBe('be');
  expect(backend.commands).toEqual([]);
});

test('typing filters people and Enter opens the only one', async () => {
  await story('home');
  await user.type(screen.getByRole('textbox', { name: 'Call or paste a link' }), 'dina{Enter}');
  expect(screen.queryByText('Carl')).toBeNull();
  expect(await screen.findByRole('heading', { name: 'Dina Okonkwo' })).toBeVisible();
});

test('our own address is not called', async () => {
  const backend = await story('field-own');
  const field = screen.getByRole('textbox', { name: 'Call or paste a link' });
  await screen.findByText(/your own address/u);
  await user.type(field, '{Enter}');
  expect(backend.commands).toEqual([]);
});

test('Enter and Escape do nothing to an incoming call', async () => {
  const backend = await story('incoming');
  await user.keyboard('{Enter}{Escape} ');
  expect(backend.commands).toEqual([]);
  expect(screen.getByRole('heading', { name: 'Bea Lindqvist is calling' })).toHaveFocus();
});

test.each([
  ['Decline', { do: 'decline' }],
  ['Accept without video', { do: 'accept', video: false }],
  ['Accept with video', { do: 'accept', video: true }],
])('%s does what it says', async (name, command) => {
  const backend = await story('incoming');
  await user.click(button(name));
  expect(backend.commands).toEqual([command]);
});

test('the microphone button shows what is true and asks for the other', async () => {
  const backend = await story('call');
  await user.click(button('Mute the microphone'));
  expect(backend.commands).toEqual([{ do: 'setMicrophone', live: false }]);
  expect(await screen.findByRole('button', { name: 'Unmute the microphone' })).toBeVisible();
});

test.each([
  [
    'the buttons',
    () => user.click(button('Stay muted when the microphone opens')),
    'Turn the camera off',
  ],
  ['the keys', () => user.keyboard('m'), 'Turn the camera off'],
])('%s take back what is wanted and not sent yet', async (_, mute, camera) => {
  const backend = await story('call-devices-opening');
  expect(screen.queryByText('Mute')).toBeNull();
  await mute();
  await user.click(button(camera));
  expect(backend.commands).toEqual([
    { do: 'setMicrophone', live: false },
    { do: 'setCamera', on: false },
  ]);
  expect(button('Unmute the microphone')).toBeVisible();
  expect(button('Turn the camera on')).toBeVisible();
});

test('a camera that failed can be turned off by its key', async () => {
  const backend = await story('call-camera-busy');
  await user.keyboard('v');
  expect(backend.commands).toEqual([{ do: 'setCamera', on: false }]);
});

test('Space held leaves a microphone alone that is about to be live', async () => {
  const backend = await story('call-devices-opening');
  await user.keyboard('[Space>]');
  await user.keyboard('[/Space]');
  expect(backend.commands).toEqual([]);
});

test.each([
  ['call-camera-busy', 'Try again', 'camera'],
  ['settings-camera-failed', 'Try again: Camera', 'camera'],
  ['start-no-devices', 'Try again: Camera', 'camera'],
  ['start-no-devices', 'Try again: Microphone', 'microphone'],
])('%s: %s opens the chosen device once more', async (name, label, role) => {
  const backend = await story(name);
  await user.click(await screen.findByRole('button', { name: label }));
  expect(backend.commands.at(-1)).toEqual({ do: 'useDevice', role, id: null });
});

test('keys of the call work and stay silent while a menu has them', async () => {
  const backend = await story('call');
  await user.keyboard('mv');
  await user.keyboard('{Control>}d{/Control}');
  expect(backend.commands).toEqual([
    { do: 'setMicrophone', live: false },
    { do: 'setCamera', on: false },
    { do: 'setMicrophone', live: true },
  ]);
});

test('Space held talks, and mutes again when the window loses the focus', async () => {
  const backend = await story('call-muted');
  await user.keyboard('[Space>]');
  window.dispatchEvent(new Event('blur'));
  await user.keyboard('[/Space]');
  expect(backend.commands).toEqual([
    { do: 'setMicrophone', live: true },
    { do: 'setMicrophone', live: false },
  ]);
});

test('a failed call explains itself and can be repeated', async () => {
  const backend = await story('ended-unreachable');
  expect(screen.getByRole('heading')).toHaveTextContent('Bea Lindqvist is not online right now.');
  await user.click(screen.getByText('What happened?'));
  expect(screen.getByText(/Ask them to open Tincan/u)).toBeVisible();
  await user.click(button('Call again'));
  expect(backend.commands).toMatchObject([{ do: 'dial' }]);
});

test.each([
  ['home', ['Call Dina Okonkwo']],
  ['home', [/^Dina Okonkwo/u, 'Call']],
  ['ended-no-answer', ['Call again']],
])('%s calls somebody by name and over their own relay, by %s', async (name, pressed) => {
  const backend = await story(name);
  for (const label of pressed) await user.click(button(label));
  expect(backend.commands).toMatchObject([
    { do: 'dial', to: expect.stringMatching(/^tincan:xk4w.*relay=wss%3A.*name=Dina%20Okonkwo$/u) },
  ]);
  expect(await screen.findByRole('heading', { name: 'Dina Okonkwo' })).toBeVisible();
});

test('an end for want of a relay says which relay, and what is wrong with it', async () => {
  await story('ended-no-relay-of-link');
  expect(screen.getByText(/a link whose relay begins with wss/u)).toBeVisible();
});

test('the first start previews, wants a name, and then is over', async () => {
  const backend = await story('start');
  expect(backend.commands).toEqual([{ do: 'preview', camera: true, microphone: true }]);
  await user.click(button('Start'));
  expect(screen.getByRole('textbox')).toHaveFocus();
  await user.keyboard('Ada{Enter}');
  expect(await screen.findByRole('heading', { name: 'Call someone' })).toBeVisible();
  expect(backend.commands.at(-1)).toEqual({ do: 'preview', camera: false, microphone: false });
});

test('Mute keeps no focus, so that Space held after a click on it talks', async () => {
  const backend = await story('call');
  await user.click(button('Mute the microphone'));
  expect(document.body).toHaveFocus();
  await user.keyboard('[Space>]');
  await user.keyboard('[/Space]');
  expect(backend.commands).toEqual([
    { do: 'setMicrophone', live: false },
    { do: 'setMicrophone', live: true },
    { do: 'setMicrophone', live: false },
  ]);
});

test('the keyboard stays on its control when the call begins', async () => {
  let push: (view: UiView) => void = () => undefined;
  const backend = fake(new URLSearchParams({ story: 'connecting', still: '' }));
  const app = new App({
    ...backend,
    subscribe(to) {
      push = to;
      push(STORIES.connecting.view);
    },
  });
  render(Root, { app });
  for (const label of ['Turn the camera off', 'Choose camera', 'End the call']) {
    push(STORIES.connecting.view);
    await screen.findByText('Connecting…');
    button(label).focus();
    push(STORIES.call.view);
    await vi.waitFor(() => {
      expect(screen.getByRole('timer')).toBeVisible();
      expect(button(label)).toHaveFocus();
    });
  }
});

test('a link that the program was opened with fills the field once', async () => {
  const backend = await story('field-opened');
  const field = await screen.findByRole<HTMLInputElement>('textbox');
  expect(field.value).toMatch(/^tincan:.*name=Bea/u);
  await user.clear(field);
  expect(field.value).toBe('');
  expect(backend.commands).toEqual([]);
});

test('a name applies while it is typed and on closing, and an empty one does not', async () => {
  const backend = await story('settings-you');
  const configure = vi.spyOn(backend, 'configure');
  const field = screen.getByRole('textbox', { name: 'Name' });
  await user.clear(field);
  await new Promise((rested) => setTimeout(rested, 500));
  expect(configure).not.toHaveBeenCalled();
  await user.type(field, 'Bo');
  await vi.waitFor(() => {
    expect(configure.mock.calls).toEqual([[{ name: 'Bo' }]]);
  });
  await user.type(field, 'b{Escape}');
  await vi.waitFor(() => {
    expect(configure).toHaveBeenLastCalledWith({ name: 'Bob' });
  });
});

test('the calls that another copy gets are taken back here', async () => {
  const backend = await story('home-relay-taken-over');
  await user.click(button('Take calls here'));
  expect(backend.commands).toEqual([{ do: 'reconnectRelay' }]);
  expect(screen.queryByText(/runs a second time/u)).toBeNull();
});

test('the settings say what is wrong with the relay in one sentence, and send nobody to them', async () => {
  await story('settings-network-offline');
  const state = document.getElementById('settings-relay-state');
  expect(state?.textContent.trim()).toBe('This address leads to something that is not a relay.');
  const texts = Object.entries(m).filter(([name]) => name.startsWith('settings_relayOffline_'));
  expect(texts.length).toBeGreaterThan(8);
  for (const [name, text] of texts)
    expect((text as () => string)(), name).not.toContain('Settings');
});

test('what is done to the voice is switched one by one, also by keyboard, and at once', async () => {
  const backend = await story('settings-sound');
  const configure = vi.spyOn(backend, 'configure');
  const echo = screen.getByRole('switch', { name: 'Remove echo' });
  expect(echo).toBeChecked();
  expect(echo).toHaveAccessibleDescription(/^Others do not hear themselves/u);
  await user.click(echo);
  expect(configure).toHaveBeenLastCalledWith({ echoCancellation: false });
  await vi.waitFor(() => {
    expect(echo).not.toBeChecked();
  });
  screen.getByRole('switch', { name: 'Reduce noise' }).focus();
  await user.keyboard(' ');
  expect(configure).toHaveBeenLastCalledWith({ noiseSuppression: false });
  await user.click(screen.getByRole('switch', { name: 'Keep my loudness even' }));
  expect(configure).toHaveBeenLastCalledWith({ autoGainControl: false });
  await user.click(echo);
  expect(configure).toHaveBeenLastCalledWith({ echoCancellation: true });
});

test('how calls go is chosen in the settings, also by keyboard', async () => {
  const backend = await story('settings-network');
  const configure = vi.spyOn(backend, 'configure');
  const group = screen.getByRole('group', { name: 'How your calls go' });
  expect(group).toHaveAccessibleDescription(/^From your next call on\./u);
  const rows = within(group);
  const directly = rows.getByRole('radio', { name: 'Directly' });
  const throughServer = rows.getByRole('radio', { name: /LiveKit server$/u });
  expect(directly).toBeChecked();
  expect(throughServer).toHaveAccessibleDescription(/^Works where the relay has one\./u);
  directly.focus();
  await user.keyboard('{ArrowDown}');
  expect(configure).toHaveBeenLastCalledWith({ carrier: 'livekit' });
  await vi.waitFor(() => {
    expect(throughServer).toBeChecked();
  });
});

test('a choice without a line for all of it refers to none', async () => {
  await story('settings-network');
  const group = screen.getByRole('group', { name: m.settings_lan() });
  expect(group).not.toHaveAttribute('aria-describedby');
});

test('the badge of a call through a server does not claim whose it is', async () => {
  await story('call-server');
  const badge = screen.getByText('Through a LiveKit server');
  expect(badge).toBeVisible();
  expect(badge.closest('[title]')).toHaveAttribute('title', m.call_pathLong_server());
});

test('where no server carries a call, whoever calls is told what goes without', () => {
  const remedies = [
    m.ended_explained_noAccess(),
    m.ended_explained_serverUnreachable(),
    m.ended_explained_serverRefused(),
  ];
  const directly = m.settings_carrier_direct();
  for (const remedy of remedies)
    expect(remedy).toContain(`choose ${directly} in Settings, Network`);
});

test('how long a call of ours waits for an answer is set under You', async () => {
  await story('settings-you');
  expect(await screen.findByLabelText('Wait for an answer: 45 seconds')).toBeVisible();
});

test('a server that is added or not gives the focus back', async () => {
  const backend = await story('settings-network-offline');
  const configure = vi.spyOn(backend, 'configure');
  await user.click(button('Add a server'));
  expect(screen.getByRole('textbox', { name: 'Server' })).toHaveFocus();
  await user.click(button('Cancel'));
  expect(button('Add a server')).toHaveFocus();
  await user.click(button('Add a server'));
  await user.keyboard('stun:a.example{Enter}');
  await vi.waitFor(() => {
    expect(button('Add a server')).toHaveFocus();
  });
  await user.click(button('Remove stun:a.example'));
  await vi.waitFor(() => {
    expect(button('Add a server')).toHaveFocus();
  });
  expect(configure).toHaveBeenLastCalledWith({ iceServers: [] });
});

test('keys open nothing before there is a screen for it', async () => {
  const backend = await story('connecting');
  await user.keyboard('sicp');
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(document.querySelector('[data-panel]')).toBeNull();
  expect(backend.windows).toEqual([]);
});

test('the small window answers, and opens a failed camera once more', async () => {
  const backend = await story('incoming-window-camera-busy');
  await user.click(button('Try again: Camera'));
  await user.click(button('Accept without video'));
  expect(backend.commands).toEqual([{ do: 'retryCamera' }, { do: 'accept', video: false }]);
});

test('the running call in small mutes, goes back and ends', async () => {
  const backend = await story('pip');
  await user.click(button('Mute the microphone'));
  await user.keyboard('m');
  await user.click(button('Back to the large window'));
  await user.click(button('Close the small window; the call goes on'));
  await user.click(button('End the call'));
  expect(backend.windows).toEqual(['main', 'close']);
  expect(backend.commands).toEqual([
    { do: 'setMicrophone', live: false },
    { do: 'setMicrophone', live: true },
    { do: 'end' },
  ]);
});

test.each([
  ['call-remote-no-microphone', 'Bea Lindqvist has no working microphone'],
  ['call-remote-no-camera', 'Bea Lindqvist has no working camera'],
])('%s says what does not work on the other side', async (name, text) => {
  await story(name);
  expect(await screen.findByText(text)).toBeVisible();
});

test('a machine without a camera goes on without one', async () => {
  const backend = await story('call-no-camera');
  await user.click(button('Go on without'));
  expect(backend.commands).toEqual([{ do: 'setCamera', on: false }]);
});

test('a stranger is told apart from people one knows', async () => {
  await story('incoming-unknown');
  expect(screen.getByText(/They give no name/u)).toBeVisible();
  document.body.innerHTML = '';
  await story('incoming-unknown-name');
  expect(screen.getByText('Unknown caller – not in your contacts')).toBeVisible();
  expect(screen.getByText(/what they call themselves/u)).toBeVisible();
});

test.each(['incoming-unknown', 'incoming-window-unknown'])(
  '%s leaves no room for a picture that a stranger does not get',
  async (name) => {
    await story(name);
    expect(document.querySelector('figure, [data-picture]')).toBeNull();
    document.body.innerHTML = '';
    await story('incoming');
    expect(document.querySelector('figure [data-picture="local"]')).not.toBeNull();
  },
);

test('the end says how the call was, and calls again as it was', async () => {
  await story('ended');
  expect(screen.getByText('3:07 · Direct on your network, good throughout')).toBeVisible();
  document.body.innerHTML = '';
  await story('ended-poor');
  expect(screen.getByText('3:07 · Relayed')).toBeVisible();
  document.body.innerHTML = '';
  const backend = await story('ended-voice');
  await user.click(button('Call again'));
  expect(backend.commands).toMatchObject([{ do: 'dial', video: false }]);
});
