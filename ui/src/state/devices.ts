/** Devices as options of a list, and what can be done about one that failed. */
import type { DeviceView } from '../backend/bindings/DeviceView';
import { m } from '../paraglide/messages';

/** Stands for the system's choice where a list needs a text; no device has an empty id. */
export const SYSTEM = '';

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** Whether a device that failed may work when it is tried again: not where the system forbids it. */
export function mayWork({ now }: DeviceView): boolean {
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
