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
  const show = (story: StoryName) => {
    push(structuredClone(STORIES[story].view));
  };
  stories.forEach(show);
  return { app, backend, show };
}

test('the page mirrors the last view', () => {
  const { app } = shown('home', 'call');
  expect(app.view?.engine.call.state).toBe('active');
  expect(app.path).toBe('local');
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
  app.local.fullScreen = true;
  show('ended');
  expect(app.local.menu).toBeNull();
  expect(app.local.settings).toBeNull();
  expect(app.local.fullScreen).toBe(false);
});

test('an incoming call closes the settings, so that nothing covers it', () => {
  const { app, show } = shown('home');
  app.local.settings = 'look';
  show('incoming');
  expect(app.local.settings).toBeNull();
});

test('the way of a call is remembered until its end is shown, and forgotten by the next', () => {
  const { app, show } = shown('call');
  show('ended');
  expect(app.path).toBe('local');
  show('calling');
  expect(app.path).toBeNull();
});

test('a refused wish is shown with its code, also when the shell itself refuses', async () => {
  const { app, backend } = shown('home');
  backend.perform = () => Promise.reject({ code: 'noRelay', message: 'none' });
  await app.perform({ do: 'dial', to: 'tincan:x', video: true });
  expect(app.local.problem?.code).toBe('noRelay');
  backend.perform = () => Promise.reject('not allowed');
  await app.perform({ do: 'end' });
  expect(app.local.problem).toEqual({ code: 'internal', message: 'not allowed' });
});

test('a change of settings leaves the others as they are', async () => {
  const { app, backend } = shown('home');
  const configure = vi.fn(() => Promise.resolve());
  backend.configure = configure;
  await app.configure({ theme: 'dark' });
  expect(configure).toHaveBeenCalledWith({ ...STORIES.home.view.settings, theme: 'dark' });
});

test('the main window has each incoming call notified once', () => {
  const { backend, show } = shown('home', 'incoming', 'incoming-long-name');
  const { notified } = backend as FakeBackend;
  expect(notified).toEqual(['Bea Lindqvist is calling: Video call']);
  show('home');
  show('incoming-voice');
  expect(notified.at(1)).toBe('Bea Lindqvist is calling: Call without video');
});

test('the small window notifies nobody', () => {
  const { backend } = shown('incoming-window');
  expect((backend as FakeBackend).notified).toEqual([]);
});
