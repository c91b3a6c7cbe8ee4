/**
 * What the page says to a screen reader. Changes of the call and of microphones and cameras are
 * said at once; trouble at most every ten seconds.
 */
import type { CallView } from '../backend/bindings/CallView';
import { words } from '../words';
import { inSentence } from './people';
import type { Trouble } from './trouble';

const TROUBLE_EVERY_MS = 10_000;

export class Announcer {
  private before: CallView = { state: 'idle' };
  private trouble: string | null = null;
  private troubleAt = -TROUBLE_EVERY_MS;

  /** The text to say now, or null for nothing new. */
  update(call: CallView, trouble: Trouble | null, now: number): string | null {
    const said = change(this.before, call);
    this.before = call;
    const kind = trouble?.kind ?? null;
    if (kind === null) this.trouble = null;
    if (said !== null) return said;
    if (!trouble || kind === this.trouble || now - this.troubleAt < TROUBLE_EVERY_MS) return null;
    this.trouble = kind;
    this.troubleAt = now;
    return trouble.text;
  }
}

function change(before: CallView, now: CallView): string | null {
  const w = words.announce;
  switch (now.state) {
    case 'idle':
      return null;
    case 'outgoing':
      if (before.state === 'outgoing' && before.phase === now.phase) return null;
      return now.phase === 'ringing'
        ? w.ringing(inSentence(now.peer))
        : w.calling(inSentence(now.peer));
    case 'incoming':
      return before.state === 'incoming' ? null : words.incoming.title(inSentence(now.peer));
    case 'ended':
      return before.state === 'ended'
        ? null
        : words.ended.sentence[now.reason](inSentence(now.peer));
    case 'active':
      return inCall(before, now);
  }
}

function inCall(before: CallView, now: Extract<CallView, { state: 'active' }>): string | null {
  const w = words.announce;
  const name = inSentence(now.peer);
  if (before.state !== 'active' || before.phase !== now.phase) {
    if (now.phase === 'connecting') return w.connecting(name);
    return now.phase === 'connected' ? w.connected(name) : words.trouble.reconnecting(name);
  }
  if (before.local.microphone !== now.local.microphone) {
    return now.local.microphone ? w.unmuted : w.muted;
  }
  if (before.local.camera !== now.local.camera) {
    return now.local.camera ? w.cameraOn : w.cameraOff;
  }
  if (before.remote.microphone !== now.remote.microphone) {
    return now.remote.microphone ? w.remoteUnmuted(name) : w.remoteMuted(name);
  }
  if (before.remote.camera !== now.remote.camera) {
    return now.remote.camera ? w.remoteCameraOn(name) : w.remoteCameraOff(name);
  }
  return null;
}
