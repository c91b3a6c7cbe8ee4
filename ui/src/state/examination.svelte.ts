/** What the doctor found last, and whether it looks right now. It outlives the page that shows it. */
import type { Backend } from '../backend/backend';
import type { Report } from '../backend/bindings/Report';

export class Examination {
  running = $state(false);
  /** The examination itself broke off; the report before is gone. */
  failed = $state(false);
  report = $state.raw<Report | null>(null);
  /** Somebody's computer that is tried too, as typed; empty for none. */
  peer = $state('');

  constructor(private readonly backend: Backend) {}

  /** Looks at everything; while it looks, another wish to do so changes nothing. */
  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.failed = false;
    try {
      this.report = await this.backend.examine(this.peer.trim() || undefined);
    } catch {
      this.report = null;
      this.failed = true;
    }
    this.running = false;
  }
}
