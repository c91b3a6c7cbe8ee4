/** Renders the whole page with a story, in jsdom. */
import { cleanup, render, screen } from '@testing-library/svelte';

import { fake, type FakeBackend } from '../src/backend/fake';
import Root from '../src/Root.svelte';
import { App } from '../src/state/app.svelte';

/** What jsdom lacks. Canvases stay empty. */
export function prepare(): void {
  window.matchMedia = (media) =>
    Object.assign(new EventTarget(), { matches: false, media }) as unknown as MediaQueryList;
  HTMLCanvasElement.prototype.getContext = () => null;
  Element.prototype.scrollIntoView = () => undefined;
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
