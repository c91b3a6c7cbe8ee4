/** Runs camera and microphone while a section is open that shows them. */
import { onMount } from 'svelte';

import type { App } from '../state/app.svelte';

export function previewWhileOpen(app: App): void {
  onMount(() => {
    void app.perform({ do: 'preview', on: true });
    return () => void app.perform({ do: 'preview', on: false });
  });
}
