/** Raw pictures over a WebSocket onto the page's canvases, by the real worker. */
import { expect, type Locator } from '@playwright/test';

import { test } from './page';
import { PictureServer } from './sockets';

const RED = [63, 102, 240] as const;
const GREEN = [173, 42, 26] as const;
const BLUE = [32, 240, 118] as const;

let server: PictureServer;

test.beforeEach(async ({ page }) => {
  server = await PictureServer.start();
  await page.goto(`/?story=call&still&pictures=${encodeURIComponent(server.url)}`);
  await expect.poll(() => server.connected).toBe(true);
});

test.afterEach(() => {
  server.stop();
});

test('each stream is drawn in its place, and every picture is acknowledged', async ({ page }) => {
  server.send(1, 640, 360, 1, RED);
  server.send(0, 320, 180, 2, BLUE);
  await expect.poll(() => server.acknowledged).toEqual([1, 2]);
  await expect.poll(() => colour(page.locator('[data-picture="remote"]'))).toBe('red');
  await expect.poll(() => colour(page.locator('[data-picture="local"]'))).toBe('blue');
});

test('of pictures that come together the last one shows, and all count as seen', async ({
  page,
}) => {
  for (let i = 1; i <= 20; i++) server.send(1, 640, 360, i, i === 20 ? GREEN : RED);
  await expect.poll(() => new Set(server.acknowledged).size).toBe(20);
  await expect.poll(() => colour(page.locator('[data-picture="remote"]'))).toBe('green');
});

test('a message that is no picture is passed over', async ({ page }) => {
  server.frame(Buffer.from([1, 2, 3]));
  server.frame(Buffer.alloc(400));
  server.send(1, 640, 360, 7, RED);
  await expect.poll(() => server.acknowledged).toEqual([7]);
  await expect.poll(() => colour(page.locator('[data-picture="remote"]'))).toBe('red');
});

test('a lost connection comes back, and the size of pictures may change', async ({ page }) => {
  server.send(1, 640, 360, 1, RED);
  await expect.poll(() => server.acknowledged).toEqual([1]);
  server.drop();
  await expect.poll(() => server.connections).toBe(2);
  server.send(1, 1280, 720, 2, BLUE);
  await expect.poll(() => colour(page.locator('[data-picture="remote"]'))).toBe('blue');
});

test('the connection ends with the last picture', async ({ page }) => {
  await page.keyboard.press('v');
  await page.getByRole('button', { name: 'End the call' }).click();
  await expect.poll(() => server.connected).toBe(false);
});

/** What is seen in the middle of a place; the canvas itself belongs to the worker. */
async function colour(place: Locator): Promise<string> {
  const png = (await place.screenshot()).toString('base64');
  return place.page().evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext('2d');
    context?.drawImage(image, image.width / 2, image.height / 3, 1, 1, 0, 0, 1, 1);
    const [r = 0, g = 0, b = 0] = context?.getImageData(0, 0, 1, 1).data ?? [];
    const names = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255] };
    const near = ([x = 0, y = 0, z = 0]: number[]) =>
      Math.abs(r - x) + Math.abs(g - y) + Math.abs(b - z) < 24;
    return Object.entries(names).find(([, value]) => near(value))?.[0] ?? `${r} ${g} ${b}`;
  }, png);
}
