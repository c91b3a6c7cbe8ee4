/** Rectangles of the stage, in CSS pixels. Pure. */
import type { Island } from '../backend/bindings/Island';
import type { Rect } from '../backend/bindings/Rect';

function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/**
 * The parts of an island that do not cover a picture shown inside it (a preview in a sheet).
 * Without one it stays whole and keeps its round corners.
 */
export function around(island: Island, hole: Rect | null): Island[] {
  if (!hole || !overlaps(island, hole)) return [island];
  const right = island.x + island.w;
  const bottom = island.y + island.h;
  const top = Math.max(island.y, hole.y);
  const low = Math.min(bottom, hole.y + hole.h);
  const holeRight = hole.x + hole.w;
  const part = (x: number, y: number, w: number, h: number): Island => ({
    ...{ x, y, w, h },
    radius: 0,
    alpha: island.alpha,
  });
  return [
    part(island.x, island.y, island.w, top - island.y),
    part(island.x, top, hole.x - island.x, low - top),
    part(holeRight, top, right - holeRight, low - top),
    part(island.x, low, island.w, bottom - low),
  ].filter((one) => one.w > 0 && one.h > 0);
}
