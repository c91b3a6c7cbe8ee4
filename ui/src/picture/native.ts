/**
 * The program draws the pictures beneath the page. This side only says where: it measures the
 * places and the islands and reports them whenever something moved. Inside a place the page is
 * hidden except for its islands; an island's alpha is animated by the program, not by CSS, which
 * would reveal the page's colour instead of the picture.
 */
import type { Island } from '../backend/bindings/Island';
import type { Rect } from '../backend/bindings/Rect';
import type { Stage } from '../backend/bindings/Stage';
import { around } from './geometry';
import type { Handle, PictureSurface, PlaceSpec } from './surface';

/** After a change the layout is measured for this long, so that movements are followed. */
const FOLLOW_MS = 250;

export class NativeSurface implements PictureSurface {
  private readonly places: { node: HTMLElement; spec: PlaceSpec }[] = [];
  private readonly islands: { node: HTMLElement; alpha: number }[] = [];
  private readonly sizes = new ResizeObserver(() => {
    this.follow();
  });
  private followUntil = 0;
  private scheduled = false;
  private last = '';

  constructor(private readonly report: (stage: Stage) => void) {
    addEventListener('resize', () => {
      this.follow();
    });
    addEventListener(
      'scroll',
      () => {
        this.touch();
      },
      { capture: true, passive: true },
    );
    document.addEventListener('visibilitychange', () => {
      this.follow();
    });
    // Positions change only together with the document, so its changes tell of every movement.
    new MutationObserver(() => {
      this.touch();
    }).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
      attributes: true,
    });
    this.follow();
  }

  place(node: HTMLElement, spec: PlaceSpec): Handle<PlaceSpec> {
    return this.register(this.places, { node, spec }, (entry, value) => {
      entry.spec = value;
    });
  }

  island(node: HTMLElement, alpha: number): Handle<number> {
    return this.register(this.islands, { node, alpha }, (entry, value) => {
      entry.alpha = value;
    });
  }

  private touch(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.measure();
      if (performance.now() < this.followUntil) this.touch();
    });
  }

  private register<E extends { node: HTMLElement }, T>(
    list: E[],
    entry: E,
    change: (entry: E, value: T) => void,
  ): Handle<T> {
    list.push(entry);
    this.sizes.observe(entry.node);
    this.follow();
    return {
      update: (value) => {
        change(entry, value);
        this.follow();
      },
      destroy: () => {
        list.splice(list.indexOf(entry), 1);
        this.sizes.unobserve(entry.node);
        this.follow();
      },
    };
  }

  private follow() {
    this.followUntil = performance.now() + FOLLOW_MS;
    this.touch();
  }

  private measure() {
    const remote = this.shown('remote');
    const screen = this.shown('screen');
    const self = this.shown('local');
    const selfRect = self && rectOf(self.node);
    const stage: Stage = {
      remote: remote && rectOf(remote.node),
      screen: screen && rectOf(screen.node),
      screenFit: screen?.spec.fit ?? 'fit',
      selfView: selfRect,
      selfLook: self?.spec.look ?? 'tile',
      fit: remote?.spec.fit ?? 'fit',
      mirrorSelf: self?.spec.mirror ?? true,
      islands: this.islands.flatMap((entry) => {
        const island = islandOf(entry.node, entry.alpha);
        if (!island) return [];
        return around(island, self && entry.node.contains(self.node) ? selfRect : null);
      }),
      scale: devicePixelRatio,
    };
    const text = JSON.stringify(stage);
    if (text === this.last) return;
    this.last = text;
    this.report(stage);
  }

  /** Of several places for one stream the last one shows: a preview in a sheet before the tile. */
  private shown(stream: PlaceSpec['stream']) {
    return this.places.findLast((one) => one.spec.stream === stream && rectOf(one.node)) ?? null;
  }
}

function rectOf(node: HTMLElement): Rect | null {
  const box = node.getBoundingClientRect();
  if (box.width < 1 || box.height < 1) return null;
  return { x: round(box.x), y: round(box.y), w: round(box.width), h: round(box.height) };
}

function islandOf(node: HTMLElement, alpha: number): Island | null {
  const rect = rectOf(node);
  if (!rect) return null;
  const radius = parseFloat(getComputedStyle(node).borderTopLeftRadius) || 0;
  return { ...rect, radius: Math.min(radius, rect.w / 2, rect.h / 2), alpha };
}

/** Tenths of a pixel: finer differences are noise of the layout and would only cost reports. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
