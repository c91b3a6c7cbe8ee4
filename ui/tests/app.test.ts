// @vitest-environment jsdom
import { expect, test, vi } from 'vitest';

import { fake, type FakeBackend } from '../src/backend/fake';
import type { Backend } from '../src/backend/backend';
import type { UiView } from '../src/backend/bindings/UiView';
import { STORIES, type StoryName } from '../src/backend/stories';
import { App } from '../src/state/app.svelte';

/** An app that is shown one story after the other. */
function shown(...stories: StoryName[]) {
  let push: (view: UiView) => void = () => undefined;
  const backend: Backend = {
    ...fake(new URLSearchParams('still')),
    opening: undefined,
    subscribe(to) {
      push = to;
    },
  };
  const app = new App(backend);
  const show = (story: StoryName | UiView) => {
    push(structuredClone(typeof story === 'string' ? STORIES[story].view : story));
  };
  stories.forEach((story) => {
    show(story);
  });
  return { app, backend, show };
}

test('the page mirrors the last view', () => {
  const { app } = shown('home', 'call');
  expect(app.view?.engine.call.state).toBe('active');
});

test('parts that did not change keep their identity', () => {
  const { app, show } = shown('call');
  const before = app.view;
  show('call-muted');
  expect(app.view).not.toBe(before);
  expect(app.view?.history).toBe(before?.history);
});

test('the duration counts from the moment at which the view arrived', () => {
  vi.spyOn(performance, 'now').mockReturnValue(1_000_000);
  const { app } = shown('call');
  expect(app.began).toBe(1_000_000 - 187_000);
  vi.restoreAllMocks();
});

test('what was open goes with its screen', () => {
  const { app, show } = shown('call');
  app.local.menu = 'camera';
  app.local.settings = 'sound';
  show('ended');
  expect(app.local.menu).toBeNull();
  expect(app.local.settings).toBeNull();
});

test('an incoming call closes the settings, so that nothing covers it', () => {
  const { app, show } = shown('home');
  app.local.settings = 'look';
  show('incoming');
  expect(app.local.settings).toBeNull();
});

test('a refused command is shown with its code, also when the shell itself refuses', async () => {
  const { app, backend } = shown('home');
  backend.perform = () => Promise.reject({ code: 'noRelay', message: 'none' });
  await app.perform({ do: 'dial', to: 'tincan:x', video: true });
  expect(app.local.problem?.code).toBe('noRelay');
  backend.perform = () => Promise.reject('not allowed');
  await app.perform({ do: 'end' });
  expect(app.local.problem).toEqual({ code: 'internal', message: 'not allowed' });
});

test('whether a request was taken is told of that one, whatever becomes of others', async () => {
  const { app, backend } = shown('call');
  const refused = { code: 'tooManyTexts', message: '' };
  backend.configure = () => Promise.reject(refused);
  const [isSaid] = await Promise.all([app.say('hello'), app.configure({ theme: 'dark' })]);
  expect(isSaid).toBe(true);
  expect(app.local.problem).toEqual(refused);

  backend.perform = () => Promise.reject(refused);
  backend.copyText = () => Promise.resolve();
  const [isRefused, isCopied] = await Promise.all([app.say('hello'), app.copyText('figures')]);
  expect([isRefused, isCopied]).toEqual([false, true]);
});

test('whether the conversation is read is told in order, and a refusal is not shown', async () => {
  const { app, backend } = shown('call-chat');
  const answers: (() => void)[] = [];
  const told: unknown[] = [];
  backend.perform = (command) => {
    told.push(command);
    return new Promise((_, refuse) => answers.push(() => refuse(new Error('no call'))));
  };
  app.reads(true);
  app.reads(false);
  await vi.waitFor(() => {
    expect(told).toEqual([{ do: 'readChat', open: true }]);
  });
  answers.shift()?.();
  await vi.waitFor(() => {
    expect(told).toEqual([
      { do: 'readChat', open: true },
      { do: 'readChat', open: false },
    ]);
  });
  expect(app.local.problem).toBeNull();
});

test('only what changes of the settings goes out', async () => {
  const { app, backend } = shown('home');
  const configure = vi.fn(() => Promise.resolve());
  backend.configure = configure;
  await app.configure({ theme: 'dark' });
  expect(configure).toHaveBeenCalledWith({ theme: 'dark' });
});

test('the main window has each incoming call notified once', () => {
  const { backend, show } = shown('home', 'incoming', 'incoming-long-name');
  const { notified } = backend as FakeBackend;
  expect(notified).toEqual(['Bea Lindqvist is calling: Video call']);
  show('home');
  show('incoming-voice');
  expect(notified.at(1)).toBe('Bea Lindqvist is calling: Call without video');
});

test('a small window gets to see the call and its own devices, and notifies nobody', () => {
  const backend = fake(new URLSearchParams('story=incoming-window&still'));
  const app = new App(backend);
  expect(app.view).toBeNull();
  expect(Object.keys(app.small ?? {}).sort()).toEqual([
    'call',
    'camera',
    'localPicture',
    'me',
    'microphone',
    'person',
    'picturesUrl',
    'remotePicture',
    'surface',
  ]);
  expect(backend.notified).toEqual([]);
});

test('the notification and the small window use the name that the user gave', () => {
  const { backend } = shown('home', 'incoming-renamed');
  expect((backend as FakeBackend).notified).toEqual(['Carl from the choir is calling: Video call']);
  const small = fake(new URLSearchParams('story=incoming-window-renamed&still'));
  const { call } = new App(small).small ?? {};
  expect(call?.state === 'incoming' && call.peer.name).toBe('Carl from the choir');
});

test('the words close with the call', () => {
  const { app, show } = shown('call');
  app.local.words = 'differ';
  show('ended');
  expect(app.local.words).toBeNull();
});

test('a call that comes in leaves what was typed, and dialling takes it', () => {
  const { app, show } = shown('home');
  app.local.field = 'be';
  show('incoming');
  show('home');
  expect(app.local.field).toBe('be');
  show('calling');
  expect(app.local.field).toBe('');
});

test('the end of a call leaves full screen, and nothing else does', async () => {
  const { backend, show } = shown('call-full-screen');
  const left = vi.spyOn(backend, 'setFullScreen');
  show('ended');
  await Promise.resolve();
  expect(left).toHaveBeenCalledWith(false);
  const home = shown();
  home.show({ ...STORIES.home.view, fullScreen: true });
  const stays = vi.spyOn(home.backend, 'setFullScreen');
  home.show('incoming');
  await Promise.resolve();
  expect(stays).not.toHaveBeenCalled();
});

/** Holds back every answer until it is asked for. */
function held(backend: Backend) {
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const hold = (what: string) => {
    sent.push(what);
    return new Promise<void>((done) => answers.push(done));
  };
  backend.perform = (command) => hold(command.do);
  backend.configure = (change) => hold(Object.keys(change).join());
  return { sent, answer: () => answers.shift()?.() };
}

test('commands go out one after the other', async () => {
  const { app, backend } = shown('call');
  const { sent, answer } = held(backend);
  const first = app.perform({ do: 'setMicrophone', live: false });
  void app.perform({ do: 'end' });
  await Promise.resolve();
  expect(sent).toEqual(['setMicrophone']);
  answer();
  await first;
  await Promise.resolve();
  expect(sent).toEqual(['setMicrophone', 'end']);
});

test('Mute and End wait for no disk, and what goes to the disk keeps its order', async () => {
  const { app, backend } = shown('call');
  const { sent, answer } = held(backend);
  const first = app.configure({ theme: 'dark' });
  void app.retry('camera');
  void app.perform({ do: 'preview', camera: true, microphone: false });
  void app.perform({ do: 'end' });
  await Promise.resolve();
  expect(sent).toEqual(['theme', 'end']);
  answer();
  await first;
  await Promise.resolve();
  expect(sent).toEqual(['theme', 'end', 'useDevice']);
});
