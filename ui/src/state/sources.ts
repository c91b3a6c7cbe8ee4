/** Says when a camera or microphone is none: a test source or a recording. */
import type { DeviceNow } from '../backend/bindings/DeviceNow';
import { m } from '../paraglide/messages';

interface Asked {
  readonly camera?: DeviceNow;
  readonly microphone?: DeviceNow;
}

/** Null while those asked about are real or off. */
export function sourceNote({ camera, microphone }: Asked): string | null {
  if (isTest(camera) && isTest(microphone)) return m.devices_bothTest();
  const notes = [
    isTest(camera) ? m.devices_testPicture() : null,
    isTest(microphone) ? m.devices_testVoice() : null,
    file(camera, (name) => m.devices_filePicture({ name })),
    file(microphone, (name) => m.devices_fileVoice({ name })),
  ].filter((note) => note !== null);
  return notes.length > 0 ? notes.join(' · ') : null;
}

function isTest(device: DeviceNow | undefined): boolean {
  return device?.state === 'on' && device.kind === 'synthetic';
}

function file(device: DeviceNow | undefined, text: (name: string) => string): string | null {
  return device?.state === 'on' && device.kind === 'file' ? text(device.name) : null;
}
