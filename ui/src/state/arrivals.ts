/** What a screen reader is told of people who come to the local network: little, and not often. */
import type { Peer } from '../backend/bindings/Peer';
import { m } from '../paraglide/messages';
import { inSentence } from './people';

const EVERY_MS = 10_000;
/** Who is back within this time was only out of hearing. */
const FORGET_MS = 60_000;

export class Arrivals {
  private present: ReadonlySet<string> = new Set();
  /** When those went who are gone, on the page's clock. */
  private readonly left = new Map<string, number>();
  private waiting: readonly string[] = [];
  private saidAt = -Infinity;
  private saying = false;
  private begun = false;

  /**
   * The text to say now; null for nothing new, empty to take back what was said. Who is there at
   * the first time, or comes while `quiet`, is not announced.
   */
  update(here: readonly Peer[], now: number, quiet: boolean): string | null {
    const come = this.come(here, now);
    const tell = this.begun && !quiet ? come : [];
    this.begun = true;
    const waiting = quiet ? [] : [...this.waiting, ...tell];
    this.waiting = waiting.filter((address) => this.present.has(address));
    if (now - this.saidAt < EVERY_MS) return null;
    const first = here.find(({ address }) => address === this.waiting[0]);
    if (!first) {
      const stale = this.saying;
      this.saying = false;
      return stale ? '' : null;
    }
    const others = this.waiting.length - 1;
    this.waiting = [];
    this.saidAt = now;
    this.saying = true;
    const name = inSentence(first);
    return others > 0 ? m.announce_nearbyMore({ name, others }) : m.announce_nearby({ name });
  }

  /** Takes note of who is there; returns who came. */
  private come(here: readonly Peer[], now: number): string[] {
    const before = this.present;
    this.present = new Set(here.map(({ address }) => address));
    for (const address of before) if (!this.present.has(address)) this.left.set(address, now);
    for (const [address, at] of this.left) if (now - at > FORGET_MS) this.left.delete(address);
    return [...this.present].filter((address) => !before.has(address) && !this.left.has(address));
  }

  /** Milliseconds until there may be something to say without anything else changing. */
  due(now: number): number | null {
    const open = this.saying || this.waiting.length > 0;
    return open ? Math.max(0, this.saidAt + EVERY_MS - now) : null;
  }
}
