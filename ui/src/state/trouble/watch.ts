/**
 * Finds what to say of a call in its one line of trouble.
 *
 * Fed with every view; remembers how long each cause has held, so that the line does not flicker.
 * Of several causes the first counts: the path is gone; a device here failed; somebody talks while
 * muted; somebody is to blame for what is not heard or seen; it is not, and nobody knows why; the
 * other side hears itself; a direction is judged as bad. Decides nothing about the call.
 */
import type { EngineView } from '../../backend/bindings/EngineView';
import { m } from '../../paraglide/messages';
import type { ActiveCall } from '../../backend/call';
import { toggles } from '../controls';
import { blame, unexplained } from './blame';
import { device, guestRelay } from './devices';
import { poor } from './quality';
import { ReceiptWatch } from './receipts';
import { Steady } from './steady';
import type { Trouble } from './trouble';

/** What the other side is known to perceive of us. */
export interface Perceived {
  readonly hears: boolean;
  readonly sees: boolean;
}

/**
 * -48 dBFS: above the -50 to which gain control may raise the noise of a room, softer than a cough
 * into the microphone.
 */
const VOICE_LEVEL = 0.2;
/** An echo that lasts this long is worth a line; a shorter one is the canceller at work. */
const SAY_AFTER_MS = 2000;
/** This much voice, pauses counted half against it, is talking. */
const TALK_MS = 1200;
/** Whoever talked and pauses is talking for this long. */
const KEEP_MS = 5000;

export class TroubleWatch {
  private call: string | null = null;
  private receipts = new ReceiptWatch();
  private lostSince: number | null = null;
  private echo = new Steady(SAY_AFTER_MS, KEEP_MS);
  private talkedMs = 0;
  private last = 0;

  /** What to say at the moment `now` (milliseconds of the page's clock). */
  update(engine: EngineView, name: string, now: number): Trouble | null {
    const call = engine.call;
    if (call.state !== 'active') {
      this.call = null;
      this.receipts = new ReceiptWatch();
      return call.state === 'outgoing' ? (guestRelay(engine, name) ?? device(engine, null)) : null;
    }
    if (call.call !== this.call) this.reset(call.call, now);
    this.listen(engine, toggles(call).microphone.shows !== 'off', now);
    this.echo.update(engine.voiceHealth.echoRemoved === false && call.local.microphone, now);
    if (call.phase === 'reconnecting') return this.reconnecting(name, now);
    this.lostSince = null;
    this.receipts.update(call, engine.microphoneSilent, now);
    return (
      device(engine, name) ??
      this.muted() ??
      this.blamed(call, name) ??
      unexplained(this.receipts, name) ??
      this.echoes(name) ??
      poor(call, engine.quality, name)
    );
  }

  /** What the other side perceives of us; what it does not is trouble, and not said here too. */
  get perceived(): Perceived {
    const { hears, sees } = this.receipts;
    return { hears, sees };
  }

  private reset(call: string, now: number) {
    this.call = call;
    this.receipts = new ReceiptWatch();
    this.lostSince = null;
    this.echo = new Steady(SAY_AFTER_MS, KEEP_MS);
    this.talkedMs = 0;
    this.last = now;
  }

  /** What was known of the path that is gone says nothing of the next one. */
  private reconnecting(name: string, now: number): Trouble {
    this.receipts = new ReceiptWatch();
    this.lostSince ??= now;
    const text = m.trouble_reconnecting({ name });
    return { kind: 'reconnecting', text, remedy: null, since: this.lostSince };
  }

  private blamed(call: ActiveCall, name: string): Trouble | null {
    const { culprit } = this.receipts;
    return culprit && blame(culprit, call, name);
  }

  /** Counts how long somebody has been talking into a muted microphone; one that is about to open counts as live. */
  private listen(engine: EngineView, live: boolean, now: number) {
    const passed = Math.min(now - this.last, 500);
    this.last = now;
    const device = engine.microphone.now;
    // A test voice or a recording talks all the time, which is no mistake of the user.
    const person = device.state !== 'on' || device.kind === 'real';
    if (live || !person) this.talkedMs = 0;
    else if (engine.microphoneLevel > VOICE_LEVEL) this.talkedMs += passed;
    else this.talkedMs = Math.max(0, this.talkedMs - passed / 2);
    this.talkedMs = Math.min(this.talkedMs, TALK_MS + KEEP_MS / 2);
  }

  private muted(): Trouble | null {
    return this.talkedMs >= TALK_MS
      ? { kind: 'muted', text: m.trouble_muted(), remedy: { do: 'unmute' } }
      : null;
  }

  /** Muted, nobody hears an echo. */
  private echoes(name: string): Trouble | null {
    return this.echo.value
      ? { kind: 'echo', text: m.trouble_echo({ name }), remedy: { do: 'choose', role: 'speaker' } }
      : null;
  }
}
