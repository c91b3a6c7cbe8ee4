import '@fontsource-variable/inter/wght.css';
import './style/tokens.css';
import './style/base.css';
import './style/controls.css';

import { mount } from 'svelte';

import Root from './Root.svelte';
import type { Backend } from './backend/backend';
import { App } from './state/app.svelte';

/** In the shell its bridge; in a plain browser the stories. */
async function chooseBackend(): Promise<Backend> {
  if ('__TAURI_INTERNALS__' in window) return (await import('./backend/tauri')).tauri;
  const { fake } = await import('./backend/fake');
  return fake(new URLSearchParams(location.search));
}

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no place for the app');
const app = new App(await chooseBackend());
mount(Root, { target, props: { app } });
