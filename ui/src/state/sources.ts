/** Says when a camera or microphone is none: a test source or a recording. */
import type { DeviceView } from '../backend/bindings/DeviceView';
import type { EngineView } from '../backend/bindings/EngineView';
import { m } from '../paraglide/messages';

type Role = 'camera' | 'microphone';

/** Null while those asked about are real or off. */
export function sourceNote(
  engine: EngineView,
  roles: readonly Role[] = ['camera', 'microphone'],
): string | null {
  const asked = (role: Role) => (roles.includes(role) ? engine[role] : null);
  const camera = source(asked('camera'));
  const microphone = source(asked('microphone'));
  if (camera === 'missing' && microphone === 'missing') return m.devices_neither();
  if (camera === 'chosen' && microphone === 'chosen') return m.devices_bothTest();
  const notes = [
    camera === 'missing'
      ? m.devices_noCamera()
      : camera === 'chosen'
        ? m.devices_testPicture()
        : null,
    microphone === 'missing'
      ? m.devices_noMicrophone()
      : microphone === 'chosen'
        ? m.devices_testVoice()
        : null,
    file(asked('camera'), (name) => m.devices_filePicture({ name })),
    file(asked('microphone'), (name) => m.devices_fileVoice({ name })),
  ].filter((note) => note !== null);
  return notes.length > 0 ? notes.join(' · ') : null;
}

/** Whether a test source runs, and if so whether for want of a real device. */
function source(device: DeviceView | null): 'missing' | 'chosen' | null {
  if (device?.now.state !== 'on' || device.now.kind !== 'synthetic') return null;
  return device.available.some((one) => one.kind === 'real') ? 'chosen' : 'missing';
}

function file(device: DeviceView | null, text: (name: string) => string): string | null {
  return device?.now.state === 'on' && device.now.kind === 'file' ? text(device.now.name) : null;
}
