/**
 * How moving pictures reach the screen. Two ways, one interface: the program draws under the page
 * (`native`), or the page draws onto canvases (`canvas`). Nothing outside this folder knows which.
 */
import { getContext, setContext } from 'svelte';

import type { Stream } from '../backend/backend';

export interface PictureSurface {
  /** Shows a stream where `node` is. */
  place(node: HTMLElement, spec: PlaceSpec): Handle<PlaceSpec>;
  /** Lets `node`, a box with its own opaque colour, float over pictures; the value is how much
   * of it shows, 0 to 1. */
  island(node: HTMLElement, alpha: number): Handle<number>;
}

export interface PlaceSpec {
  readonly stream: Stream;
  /** A sharp tile, or blurred and dim behind a whole screen; only for our own picture. */
  readonly look: 'tile' | 'backdrop';
  readonly fit: 'fit' | 'fill';
  readonly mirror: boolean;
}

export interface Handle<T> {
  update(value: T): void;
  destroy(): void;
}

const KEY = Symbol('pictures');

export function providePictures(surface: PictureSurface): void {
  setContext(KEY, surface);
}

export function usePictures(): PictureSurface {
  return getContext<PictureSurface>(KEY);
}
