/** The figures of the call's last five minutes, one sample a second. */
import type { CallStats } from '../../backend/bindings/CallStats';
import type { EngineView } from '../../backend/bindings/EngineView';
import type { QualityView } from '../../backend/bindings/QualityView';

export interface Sample {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  readonly stats: CallStats;
  readonly quality: QualityView | null;
}

/** Five minutes. */
export const CAPACITY = 300;

/** Fed with every view; remembers one call at a time, its last {@link CAPACITY} seconds. */
export class StatsHistory {
  /** Counts the samples, so that whoever draws them knows of a new one. */
  version = $state(0);
  private ring: Sample[] = [];
  private call: string | null = null;
  private last: CallStats | null = null;

  /** The samples, the oldest first. */
  get samples(): readonly Sample[] {
    return this.ring;
  }

  /** `at` is now, in milliseconds since 1970. A sample is taken when the figures are new ones. */
  update({ call, stats, quality }: EngineView, at: number) {
    if (call.state !== 'active') return;
    if (call.call !== this.call) this.begin(call.call);
    if (!stats || stats === this.last) return;
    this.last = stats;
    this.add({ at, stats, quality });
  }

  /** What a story begins with. */
  seed(call: string, samples: readonly Sample[]) {
    this.begin(call);
    for (const sample of samples) this.add(sample);
  }

  private begin(call: string) {
    this.call = call;
    this.ring = [];
    this.last = null;
    this.version += 1;
  }

  private add(sample: Sample) {
    this.ring.push(sample);
    if (this.ring.length > CAPACITY) this.ring.shift();
    this.version += 1;
  }
}
