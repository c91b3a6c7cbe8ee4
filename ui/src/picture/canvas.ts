/** The page draws the pictures: one canvas in each place, filled by whoever has them. */
import type { Painter } from '../backend/backend';
import type { Handle, PictureSurface, PlaceSpec } from './surface';

export class CanvasSurface implements PictureSurface {
  /** `layout` tells the program where pictures show, so that it sends no others and none larger. */
  constructor(
    private readonly draw: Painter,
    private readonly layout: PictureSurface | null = null,
  ) {}

  place(node: HTMLElement, spec: PlaceSpec): Handle<PlaceSpec> {
    const told = this.layout?.place(node, spec);
    const canvas = document.createElement('canvas');
    canvas.setAttribute('aria-hidden', 'true');
    style(canvas, spec);
    node.append(canvas);
    let shown = spec;
    let stop = this.draw(spec.stream, canvas, spec.look);
    let current = canvas;
    return {
      update: (next) => {
        if (next.stream !== shown.stream || next.look !== shown.look) {
          // A canvas that was handed to a worker cannot be handed over again.
          stop();
          const fresh = document.createElement('canvas');
          fresh.setAttribute('aria-hidden', 'true');
          current.replaceWith(fresh);
          current = fresh;
          stop = this.draw(next.stream, fresh, next.look);
        }
        shown = next;
        style(current, next);
        told?.update(next);
      },
      destroy: () => {
        stop();
        current.remove();
        told?.destroy();
      },
    };
  }

  island(node: HTMLElement, alpha: number): Handle<number> {
    const show = (value: number) => {
      node.style.opacity = String(value);
    };
    node.style.transition = 'opacity var(--soft) ease-out';
    show(alpha);
    return { update: show, destroy: () => undefined };
  }
}

function style(canvas: HTMLCanvasElement, spec: PlaceSpec) {
  canvas.style.cssText = [
    'position:absolute;inset:0;width:100%;height:100%',
    `object-fit:${spec.fit === 'fit' ? 'contain' : 'cover'}`,
    `transform:${spec.mirror ? 'scaleX(-1)' : 'none'}`,
    `opacity:${spec.look === 'backdrop' ? 'var(--backdrop)' : '1'}`,
  ].join(';');
}
