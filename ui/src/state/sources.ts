/** Says when a camera or microphone is none: a test source or a recording. */
import type { DeviceView } from '../backend/bindings/DeviceView';
import type { EngineView } from '../backend/bindings/EngineView';
import { words } from '../words';

/** Null while both are real or off. */
export function sourceNote(engine: EngineView): string | null {
  const camera = source(engine.camera);
  const microphone = source(engine.microphone);
  const w = words.devices;
  if (camera === 'missing' && microphone === 'missing') return w.neither;
  if (camera === 'chosen' && microphone === 'chosen') return w.bothTest;
  const notes = [
    camera === 'missing' ? w.noCamera : camera === 'chosen' ? w.testPicture : null,
    microphone === 'missing' ? w.noMicrophone : microphone === 'chosen' ? w.testVoice : null,
    file(engine.camera, w.filePicture),
    file(engine.microphone, w.fileVoice),
  ].filter((note) => note !== null);
  return notes.length > 0 ? notes.join(' · ') : null;
}

/** Whether a test source runs, and if so whether for want of a real device. */
function source(device: DeviceView): 'missing' | 'chosen' | null {
  if (device.now.state !== 'on' || device.now.kind !== 'synthetic') return null;
  return device.available.some((one) => one.kind === 'real') ? 'chosen' : 'missing';
}

function file(device: DeviceView, text: (name: string) => string): string | null {
  return device.now.state === 'on' && device.now.kind === 'file' ? text(device.now.name) : null;
}
