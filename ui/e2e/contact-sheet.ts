/** Puts all screenshots of the run on one sheet, as a page and as a picture, to be looked at. */
import { readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { chromium } from '@playwright/test';

import { SCREENS } from './page';

export default async function contactSheet(): Promise<void> {
  const names = readdirSync(SCREENS)
    .filter((name) => name.endsWith('.png') && name !== 'contact-sheet.png')
    .sort();
  const figures = names.map(
    (name) =>
      `<figure><a href="${name}"><img src="${name}" alt=""></a><figcaption>${name.slice(0, -4)}</figcaption></figure>`,
  );
  const page = resolve(SCREENS, 'index.html');
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><title>Tincan: every screen</title><style>
body{margin:16px;background:#777;font:13px sans-serif;color:#fff}
main{display:grid;grid-template-columns:repeat(6,1fr);gap:12px;align-items:start}
figure{margin:0}img{width:100%;display:block}figcaption{padding:4px 0}</style><main>${figures.join('\n')}</main>`,
  );
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const sheet = await browser.newPage({ viewport: { width: 2000, height: 1000 } });
    await sheet.goto(pathToFileURL(page).href);
    await sheet.screenshot({ path: resolve(SCREENS, 'contact-sheet.png'), fullPage: true });
  } finally {
    await browser.close();
  }
}
