/** The four corners for our own picture. */
import type { Corner } from '../state/app.svelte';

/** The corner nearest to a point of the stage. */
export function cornerAt(x: number, y: number, width: number, height: number): Corner {
  const right = x > width / 2;
  return y > height / 2 ? (right ? 'bottomRight' : 'bottomLeft') : right ? 'topRight' : 'topLeft';
}

/** The corner that an arrow key leads to; null for other keys. */
export function cornerBeside(from: Corner, key: string): Corner | null {
  const bottom = from.startsWith('bottom');
  const right = from.endsWith('Right');
  switch (key) {
    case 'ArrowLeft':
      return bottom ? 'bottomLeft' : 'topLeft';
    case 'ArrowRight':
      return bottom ? 'bottomRight' : 'topRight';
    case 'ArrowUp':
      return right ? 'topRight' : 'topLeft';
    case 'ArrowDown':
      return right ? 'bottomRight' : 'bottomLeft';
    default:
      return null;
  }
}
