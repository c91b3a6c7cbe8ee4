/**
 * What the other side's receipts say of us, made steady: whether we are heard and seen, and who is
 * to blame when one of the two does not hear or see the other.
 */
import type { Controls } from '../../backend/bindings/Controls';
import type { Culprit } from '../../backend/bindings/Culprit';
import type { ActiveCall } from '../../backend/call';
import { Lasting, Steady } from './steady';

/** Longer than a receipt that is late. */
const KEEP_MS = 2000;
/** Longer than the program takes to find out who is to blame. */
const UNEXPLAINED_AFTER_MS = 6000;

/** What is sent and does not get through. */
interface Stream {
  readonly from: 'local' | 'remote';
  readonly device: keyof Controls;
}

/** What each keeps from getting through; null where it may be anything. */
const STOPS: Record<Culprit, Stream | null> = {
  myMicrophone: { from: 'local', device: 'microphone' },
  myCamera: { from: 'local', device: 'camera' },
  network: null,
  mySpeaker: { from: 'remote', device: 'microphone' },
  myScreen: { from: 'remote', device: 'camera' },
  theirMicrophone: { from: 'remote', device: 'microphone' },
  theirCamera: { from: 'remote', device: 'camera' },
  theirSpeaker: { from: 'local', device: 'microphone' },
  theirScreen: { from: 'local', device: 'camera' },
};

export class ReceiptWatch {
  private readonly who = new Lasting<Culprit>(KEEP_MS);
  private readonly heard = new Sense();
  private readonly seen = new Sense();

  /**
   * Takes a view of the call at the moment `now` (milliseconds of the page's clock). `silent` says
   * whether our microphone gives nothing: the engine knows that at once, and the receipts, which
   * tell both sides, a second later.
   */
  update(call: ActiveCall, silent: boolean, now: number) {
    const told = call.culprit === 'myMicrophone' ? null : call.culprit;
    const shown = this.who.update(silent ? 'myMicrophone' : told, now);
    // Whoever mutes has dealt with a silent microphone, and so has whoever is heard again.
    const heard = shown === 'myMicrophone' && !silent;
    if (shown && (heard || !isSent(call, STOPS[shown]))) this.who.clear();
    this.heard.update(call.received.heard, now);
    this.seen.update(call.received.seen, now);
  }

  get culprit(): Culprit | null {
    return this.who.value;
  }

  /** Whether they hear us, as far as that is known and nothing speaks against it. */
  get hears(): boolean {
    return this.heard.isConfirmed && !this.stopped('microphone');
  }

  /** Whether they see us, likewise. */
  get sees(): boolean {
    return this.seen.isConfirmed && !this.stopped('camera');
  }

  /** They have not heard us for a while. */
  get unheard(): boolean {
    return this.heard.isMissing;
  }

  /** They have not seen us for a while. */
  get unseen(): boolean {
    return this.seen.isMissing;
  }

  private stopped(device: keyof Controls): boolean {
    const stops = this.culprit && STOPS[this.culprit];
    return stops?.from === 'local' && stops.device === device;
  }
}

/** One of the two ways in which they perceive us. */
class Sense {
  private readonly says = new Lasting<boolean>(KEEP_MS);
  private readonly missing = new Steady(UNEXPLAINED_AFTER_MS, KEEP_MS);

  update(perceived: boolean | null, now: number) {
    if (perceived === null) this.says.clear();
    else this.says.update(perceived, now);
    this.missing.update(perceived === false, now);
  }

  get isConfirmed(): boolean {
    return this.says.value === true;
  }

  get isMissing(): boolean {
    return this.missing.value;
  }
}

function isSent(call: ActiveCall, stream: Stream | null): boolean {
  if (stream === null) return true;
  return (stream.from === 'local' ? call.local : call.remote)[stream.device];
}
