/** What to say of a direction that the program judges as bad: whom it affects, why, and what helps. */
import type { QualityCause } from '../../backend/bindings/QualityCause';
import type { QualityVerdict } from '../../backend/bindings/QualityVerdict';
import type { QualityView } from '../../backend/bindings/QualityView';
import { m } from '../../paraglide/messages';
import type { ActiveCall } from '../../backend/call';
import type { Trouble } from './trouble';

/** Of two bad directions ours is said: it is the one with a remedy. Good ones are not spoken of. */
export function poor(call: ActiveCall, quality: QualityView | null, name: string): Trouble | null {
  if (!quality) return null;
  if (bad(quality.send)) return upload(call, quality.send.cause, name);
  return bad(quality.receive) ? download(quality.receive.cause, name) : null;
}

function bad({ level }: QualityVerdict): boolean {
  return level === 'poor' || level === 'lost';
}

function upload(call: ActiveCall, cause: QualityCause | null, name: string): Trouble {
  if (cause === 'delay' || cause === 'jitter') return far('upload', name);
  return call.local.camera
    ? { kind: 'upload', text: m.trouble_uploadWeak(), remedy: { do: 'cameraOff' } }
    : { kind: 'upload', text: m.trouble_uploadVoice({ name }), remedy: null };
}

function download(cause: QualityCause | null, name: string): Trouble {
  switch (cause) {
    case 'delay':
      return far('download', name);
    case 'jitter':
      return { kind: 'download', text: m.trouble_downloadUneven({ name }), remedy: null };
    case 'server':
      return { kind: 'download', text: m.trouble_downloadTheirs({ name }), remedy: null };
    case 'freezes':
      return { kind: 'download', text: m.trouble_downloadStill({ name }), remedy: null };
    case 'silence':
    case 'loss':
    case 'rate':
    case 'concealment':
    case null:
      return { kind: 'download', text: m.trouble_downloadWeak({ name }), remedy: null };
  }
}

/** Nothing that either of the two does makes the way shorter. */
function far(kind: string, name: string): Trouble {
  return { kind, text: m.trouble_far({ name }), remedy: null };
}
