/** Devices as options of a list. */
import type { DeviceView } from '../backend/bindings/DeviceView';
import { words } from '../words';

/** Stands for the system's choice where a list needs a text; no device has an empty id. */
export const SYSTEM = '';

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** The system's choice first; a chosen device that is unplugged stays in the list. */
export function deviceOptions(device: DeviceView): Option[] {
  const usual = device.available.find((one) => one.isDefault);
  const w = words.devices;
  const system = usual ? w.automaticNamed(usual.name) : w.automatic;
  const options = [
    { value: SYSTEM, label: system },
    ...device.available.map(({ id, name }) => ({ value: id, label: name })),
  ];
  if (device.chosen && !device.available.some((one) => one.id === device.chosen)) {
    options.push({ value: device.chosen, label: w.unplugged });
  }
  return options;
}
