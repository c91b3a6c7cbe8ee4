/**
 * How moving pictures reach the screen. Two ways, one interface: the program draws under the page
 * (`native`), or the page draws onto canvases (`canvas`). Nothing outside this folder knows which.
 */
import { getContext, setContext } from 'svelte';

import type { Backend, Stream } from '../backend/backend';
import type { UiView } from '../backend/bindings/UiView';
import { CanvasSurface } from './canvas';
import { Feed } from './feed';
import { NativeSurface } from './native';

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

/** Chooses once, from the first view. */
export function createSurface(view: UiView, backend: Backend): PictureSurface {
  if (view.surface === 'webview' && backend.paint) return new CanvasSurface(backend.paint);
  const layout = new NativeSurface((stage) => void backend.setStage(stage));
  if (view.surface === 'native') return layout;
  const feed = new Feed(view.picturesUrl ?? '');
  return new CanvasSurface((stream, canvas, look) => feed.show(stream, canvas, look), layout);
}

const KEY = Symbol('pictures');

export function providePictures(surface: PictureSurface): void {
  setContext(KEY, surface);
}

export function usePictures(): PictureSurface {
  return getContext<PictureSurface>(KEY);
}
