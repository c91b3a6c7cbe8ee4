import { expect, test } from 'vitest';

import { cornerAt, cornerBeside } from '../src/call/corners';
import { around } from '../src/picture/geometry';

const island = { x: 100, y: 100, w: 400, h: 300, radius: 16, alpha: 1 };

test('an island without a picture inside stays whole and round', () => {
  expect(around(island, null)).toEqual([island]);
  expect(around(island, { x: 0, y: 0, w: 50, h: 50 })).toEqual([island]);
});

test('an island leaves a picture inside it free and covers everything else', () => {
  const hole = { x: 200, y: 150, w: 100, h: 100 };
  const parts = around(island, hole);
  const area = parts.reduce((sum, one) => sum + one.w * one.h, 0);
  expect(area).toBe(400 * 300 - 100 * 100);
  for (const part of parts) {
    const apart =
      part.x >= hole.x + hole.w ||
      part.x + part.w <= hole.x ||
      part.y >= hole.y + hole.h ||
      part.y + part.h <= hole.y;
    expect(apart).toBe(true);
  }
});

test('a picture that reaches over the edge leaves no empty parts', () => {
  const parts = around(island, { x: 50, y: 50, w: 500, h: 100 });
  expect(parts).toEqual([{ x: 100, y: 150, w: 400, h: 250, radius: 0, alpha: 1 }]);
});

test('a dropped tile goes to the nearest corner', () => {
  expect(cornerAt(10, 10, 1000, 700)).toBe('topLeft');
  expect(cornerAt(900, 10, 1000, 700)).toBe('topRight');
  expect(cornerAt(10, 600, 1000, 700)).toBe('bottomLeft');
  expect(cornerAt(900, 600, 1000, 700)).toBe('bottomRight');
});

test('arrow keys move a tile to the corner they point at', () => {
  expect(cornerBeside('bottomRight', 'ArrowUp')).toBe('topRight');
  expect(cornerBeside('topRight', 'ArrowLeft')).toBe('topLeft');
  expect(cornerBeside('topLeft', 'ArrowDown')).toBe('bottomLeft');
  expect(cornerBeside('bottomLeft', 'ArrowRight')).toBe('bottomRight');
  expect(cornerBeside('topLeft', 'm')).toBeNull();
});
