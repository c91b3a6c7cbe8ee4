/** Devices as options of a list, and what can be done about one that failed. */
import type { DeviceNow } from '../backend/bindings/DeviceNow';
import type { DeviceView } from '../backend/bindings/DeviceView';
import type { UiView } from '../backend/bindings/UiView';
import { m } from '../paraglide/messages';

/** Stands for the system's choice where a list needs a text; no device has an empty id. */
export const SYSTEM = '';

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** What is true of our own camera and microphone, and whether our picture can be shown. */
export interface OwnDevices {
  readonly camera: DeviceNow;
  readonly microphone: DeviceNow;
  readonly localPicture: boolean;
}

export function own({ engine }: UiView): OwnDevices {
  return {
    camera: engine.camera.now,
    microphone: engine.microphone.now,
    localPicture: engine.localPicture,
  };
}

/** Whether a device that failed may work when it is tried again: not where the system forbids it. */
export function mayWork(now: DeviceNow): boolean {
  return now.state === 'failed' && now.problem !== 'refused';
}

/** The system's choice first; a chosen device that is unplugged stays in the list. */
export function deviceOptions(device: DeviceView): Option[] {
  const usual = device.available.find((one) => one.isDefault);
  const system = usual ? m.devices_automaticNamed({ name: usual.name }) : m.devices_automatic();
  const options = [
    { value: SYSTEM, label: system },
    ...device.available.map(({ id, name }) => ({ value: id, label: name })),
  ];
  if (device.chosen && !device.available.some((one) => one.id === device.chosen)) {
    options.push({ value: device.chosen, label: m.devices_unplugged() });
  }
  return options;
}
