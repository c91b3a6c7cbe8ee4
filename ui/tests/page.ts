/** Renders the whole page with a story, in jsdom. */
import { cleanup, render, screen } from '@testing-library/svelte';

import type { UiView } from '../src/backend/bindings/UiView';
import { fake, type FakeBackend } from '../src/backend/fake';
import { STORIES, type StoryName } from '../src/backend/stories';
import Root from '../src/Root.svelte';
import { App } from '../src/state/app.svelte';

/** What jsdom lacks. Canvases stay empty. */
export function prepare(): void {
  window.matchMedia = (media) =>
    Object.assign(new EventTarget(), { matches: false, media }) as unknown as MediaQueryList;
  HTMLCanvasElement.prototype.getContext = () => null;
  Element.prototype.scrollIntoView = () => undefined;
  Element.prototype.setPointerCapture = () => undefined;
  window.ResizeObserver = class {
    observe() {
      return undefined;
    }
    unobserve() {
      return undefined;
    }
    disconnect() {
      return undefined;
    }
  };
}

export function clean(): void {
  cleanup();
  document.body.innerHTML = '';
  // A sheet that is gone gives the pointer back only a moment later.
  document.body.removeAttribute('style');
}

export async function story(name: string): Promise<{ backend: FakeBackend; app: App }> {
  const backend = fake(new URLSearchParams({ story: name, still: '' }));
  const app = new App(backend);
  render(Root, { app });
  await screen.findByRole('main');
  return { backend, app };
}

/** A page that is shown one story after the other. */
export async function course(first: StoryName): Promise<{ show: (story: StoryName) => void }> {
  let push: (view: UiView) => void = () => undefined;
  const backend = fake(new URLSearchParams({ story: first, still: '' }));
  backend.subscribe = (main) => (push = main);
  const app = new App(backend);
  const show = (story: StoryName) => {
    push(structuredClone<UiView>(STORIES[story].view));
  };
  show(first);
  render(Root, { app });
  await screen.findByRole('main');
  return { show };
}
