/** Runs devices while something is open that shows them. */
import { onMount } from 'svelte';

import type { App } from './app.svelte';

export interface Tried {
  readonly camera: boolean;
  readonly microphone: boolean;
}

export function previewWhileOpen(app: App, tried: Tried): void {
  onMount(() => {
    void app.perform({ do: 'preview', ...tried });
    return () => void app.perform({ do: 'preview', camera: false, microphone: false });
  });
}
