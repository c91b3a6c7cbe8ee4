/** What to say of whoever keeps one of the two from hearing or seeing the other, and what helps. */
import type { Culprit } from '../../backend/bindings/Culprit';
import { m } from '../../paraglide/messages';
import type { ActiveCall } from '../../backend/call';
import type { ReceiptWatch } from './receipts';
import type { Remedy, Trouble } from './trouble';

/** What helps here; on the other side they are told the same, and what helps there. */
const REMEDIES: Record<Exclude<Culprit, 'network'>, Remedy | null> = {
  myMicrophone: { do: 'choose', role: 'microphone' },
  myCamera: { do: 'choose', role: 'camera' },
  mySpeaker: { do: 'choose', role: 'speaker' },
  myScreen: null,
  theirMicrophone: null,
  theirCamera: null,
  theirSpeaker: null,
  theirScreen: null,
};

export function blame(culprit: Culprit, call: ActiveCall, name: string): Trouble {
  if (culprit === 'network') return network(call, name);
  const text = m[`trouble_${culprit}`]({ name });
  return { kind: culprit, text, remedy: REMEDIES[culprit] };
}

/** Says which way it loses what is sent. Less to carry may help both. */
function network(call: ActiveCall, name: string): Trouble {
  const ours = call.received.heard === false || call.received.seen === false;
  const text = ours ? m.trouble_networkOurs({ name }) : m.trouble_networkTheirs({ name });
  return { kind: 'network', text, remedy: call.local.camera ? { do: 'cameraOff' } : null };
}

/** They do not hear or see us, and nobody is found who is to blame. */
export function unexplained(receipts: ReceiptWatch, name: string): Trouble | null {
  const { unheard, unseen } = receipts;
  if (unheard && unseen) return trouble('unreceived', m.trouble_unreceived({ name }));
  if (unheard) return trouble('unheard', m.trouble_unheard({ name }));
  return unseen ? trouble('unseen', m.trouble_unseen({ name })) : null;
}

function trouble(kind: string, text: string): Trouble {
  return { kind, text, remedy: null };
}
