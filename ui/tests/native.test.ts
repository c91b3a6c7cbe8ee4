// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Stage } from '../src/backend/bindings/Stage';
import { NativeSurface } from '../src/picture/native';
import type { PlaceSpec } from '../src/picture/surface';

const remote: PlaceSpec = { stream: 'remote', look: 'tile', fit: 'fit', mirror: false };
const self: PlaceSpec = { stream: 'local', look: 'tile', fit: 'fill', mirror: true };
let reports: Stage[];
let surface: NativeSurface;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['requestAnimationFrame', 'performance'] });
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {
        return undefined;
      }
      unobserve() {
        return undefined;
      }
    },
  );
  reports = [];
  surface = new NativeSurface((stage) => reports.push(stage));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  document.body.innerHTML = '';
});

function box(x: number, y: number, width: number, height: number, parent: Element = document.body) {
  const node = document.createElement('div');
  node.getBoundingClientRect = () => new DOMRect(x, y, width, height);
  parent.append(node);
  return node;
}

function settle(): Stage | undefined {
  vi.advanceTimersByTime(400);
  return reports.at(-1);
}

test('an empty page reports that no picture shall show', () => {
  expect(settle()).toMatchObject({ remote: null, selfView: null, islands: [] });
});

test('places and islands are reported where they are, once', () => {
  surface.place(box(0, 0, 800, 600), remote);
  surface.place(box(580, 470, 200, 112), self);
  const bar = box(250, 520, 300, 64);
  bar.style.borderTopLeftRadius = '16px';
  const island = surface.island(bar, 0.9);
  expect(settle()).toMatchObject({
    remote: { x: 0, y: 0, w: 800, h: 600 },
    selfView: { x: 580, y: 470, w: 200, h: 112 },
    fit: 'fit',
    mirrorSelf: true,
    islands: [{ x: 250, y: 520, w: 300, h: 64, radius: 16, alpha: 0.9 }],
  });
  const count = reports.length;
  settle();
  expect(reports).toHaveLength(count);
  island.update(0);
  expect(settle()?.islands[0]?.alpha).toBe(0);
  island.destroy();
  expect(settle()?.islands).toEqual([]);
});

test('a shared screen has a place of its own, and as large as it is reaches beyond the window', () => {
  const screen: PlaceSpec = { stream: 'screen', look: 'tile', fit: 'fit', mirror: false };
  surface.place(box(-300, -200, 1920, 1080), screen);
  surface.place(box(580, 76, 200, 112), { ...remote, fit: 'fill' });
  expect(settle()).toMatchObject({
    screen: { x: -300, y: -200, w: 1920, h: 1080 },
    screenFit: 'fit',
    remote: { x: 580, y: 76, w: 200, h: 112 },
    fit: 'fill',
  });
});

test('what moved without changing its size is found', async () => {
  let x = 0;
  const node = box(0, 0, 200, 112);
  node.getBoundingClientRect = () => new DOMRect(x, 0, 200, 112);
  surface.place(node, self);
  settle();
  x = 40;
  node.style.transform = 'translate(40px)';
  await Promise.resolve();
  expect(settle()?.selfView?.x).toBe(40);
});

test('a preview in a sheet takes the stream over, and the sheet leaves it free', () => {
  surface.place(box(0, 0, 800, 600), remote);
  surface.place(box(580, 470, 200, 112), self);
  const sheet = box(100, 50, 600, 400);
  surface.island(sheet, 1);
  const preview = surface.place(box(200, 150, 320, 180, sheet), self);
  const open = settle();
  expect(open?.selfView).toEqual({ x: 200, y: 150, w: 320, h: 180 });
  expect(open?.islands).toHaveLength(4);
  preview.destroy();
  expect(settle()?.selfView).toEqual({ x: 580, y: 470, w: 200, h: 112 });
});

test('a place without room counts as none', () => {
  surface.place(box(0, 0, 0, 0), remote);
  expect(settle()?.remote).toBeNull();
});
