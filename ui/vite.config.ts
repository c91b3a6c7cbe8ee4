import { readFileSync } from 'node:fs';

import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

import { options as paraglide } from './paraglide.config.js';

const shell = JSON.parse(readFileSync('../src-tauri/tauri.conf.json', 'utf8')) as {
  app: { security: { csp: Record<string, string> } };
};
const policy = Object.entries(shell.app.security.csp)
  .map(([name, sources]) => `${name} ${sources}`)
  .join('; ');

export default defineConfig({
  plugins: [svelte(), paraglideVitePlugin(paraglide)],
  // What the tests see is held to the shell's own rules (`app.security.csp`).
  preview: { headers: { 'Content-Security-Policy': policy } },
  server: { port: 5173, strictPort: true },
  build: { target: 'es2022', assetsInlineLimit: 0 },
  worker: { format: 'es' },
  // Components are tested in jsdom, so Svelte must resolve to its browser build.
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
  },
});
