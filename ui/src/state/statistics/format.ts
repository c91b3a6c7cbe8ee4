/** Figures as they are read. */
import { getLocale } from '../../paraglide/runtime';

/** A dash for what is not known. */
export const UNKNOWN = '–';

/** A number with so many digits behind the point; a dash for none. */
export function figure(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  return format(getLocale(), digits).format(value);
}

/** Made once each: one takes far longer to make than to use. */
const formats = new Map<string, Intl.NumberFormat>();

function format(locale: string, digits: number): Intl.NumberFormat {
  const name = `${locale} ${String(digits)}`;
  let found = formats.get(name);
  if (!found) {
    found = new Intl.NumberFormat(locale, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(name, found);
  }
  return found;
}
