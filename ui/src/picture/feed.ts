/** The page's end of the picture worker: hands canvases over and takes them back. */
import type { Stream } from '../backend/backend';
import type { PlaceSpec } from './surface';
import type { Order } from './worker';

export class Feed {
  private worker: Worker | null = null;
  private next = 1;

  constructor(private readonly url: string) {}

  show(stream: Stream, canvas: HTMLCanvasElement, look: PlaceSpec['look']): () => void {
    const id = this.next++;
    const surface = canvas.transferControlToOffscreen();
    const order: Order = { do: 'show', id, stream, look, canvas: surface };
    this.started().postMessage(order, [surface]);
    return () => {
      const stop: Order = { do: 'stop', id };
      this.started().postMessage(stop);
    };
  }

  private started(): Worker {
    if (!this.worker) {
      this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
      const order: Order = { do: 'connect', url: this.url };
      this.worker.postMessage(order);
    }
    return this.worker;
  }
}
