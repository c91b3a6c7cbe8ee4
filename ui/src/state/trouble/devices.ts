/** What to say of a device here that failed, and of a relay that the call waits for. */
import type { DeviceNow } from '../../backend/bindings/DeviceNow';
import type { DeviceRole } from '../../backend/bindings/DeviceRole';
import type { EngineView } from '../../backend/bindings/EngineView';
import { m } from '../../paraglide/messages';
import { mayWork } from '../devices';
import type { Remedy, Trouble } from './trouble';

const ROLES: readonly DeviceRole[] = ['microphone', 'speaker', 'camera'];

/** The relay that the invite names and that is not there: the call waits for it. */
export function guestRelay({ summary }: EngineView, name: string): Trouble | null {
  const problem = summary?.guestRelay;
  if (!problem) return null;
  const text = m[`ended_guestRelay_${problem}`]({ name });
  return { kind: `relay-${problem}`, text, remedy: null };
}

/**
 * The first device that failed. A device that nobody wants is off, and cannot fail. `told` is the
 * other side's name once the call is answered: from then on it is told which device is missing.
 */
export function device(engine: EngineView, told: string | null): Trouble | null {
  for (const role of ROLES) {
    const now = engine[role].now;
    if (now.state !== 'failed') continue;
    const what = m[`devices_failed_${role}_${now.problem}`]();
    const text =
      told === null || role === 'speaker' ? what : `${what} ${m.trouble_told({ name: told })}`;
    return { kind: `${role}-${now.problem}`, text, remedy: remedy(role, now) };
  }
  return null;
}

function remedy(role: DeviceRole, now: DeviceNow): Remedy {
  // A machine without a camera shall not show a warning through every call.
  if (role === 'camera' && now.state === 'failed' && now.problem === 'missing') {
    return { do: 'withoutCamera' };
  }
  return { do: mayWork(now) ? 'retry' : 'choose', role };
}
