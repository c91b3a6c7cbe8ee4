/** Figures as they are read. */
import { getLocale } from '../../paraglide/runtime';

/** A dash for what is not known. */
export const UNKNOWN = '–';

/** A number with so many digits behind the point; a dash for none. */
export function figure(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  return value.toLocaleString(getLocale(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
