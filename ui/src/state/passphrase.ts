/** How hard a passphrase is to guess, as far as its letters tell. */

export type Strength = 'empty' | 'short' | 'weak' | 'fair' | 'good';

/** The program refuses what is shorter. */
export const LEAST_LETTERS = 8;

/** Bits from which on guessing takes years of many computers, given a slow key derivation. */
const FAIR_BITS = 40;
const GOOD_BITS = 75;

/** A guess from above: it does not know which words and names people like to take. */
export function strength(passphrase: string): Strength {
  const letters = [...passphrase];
  if (letters.length === 0) return 'empty';
  if (letters.length < LEAST_LETTERS) return 'short';
  const bits = variety(letters) * Math.log2(alphabet(passphrase));
  return bits < FAIR_BITS ? 'weak' : bits < GOOD_BITS ? 'fair' : 'good';
}

/** Letters that do not just repeat or continue the one before: `aaaa` and `1234` are little. */
function variety(letters: readonly string[]): number {
  const code = (letter: string) => letter.codePointAt(0) ?? 0;
  const steps = letters.slice(1).map((letter, i) => code(letter) - code(letters[i] ?? ''));
  const surprising = steps.filter((step) => Math.abs(step) > 1).length + 1;
  return Math.min(surprising, 2 * new Set(letters).size);
}

/** From how many letters each one is taken. */
function alphabet(passphrase: string): number {
  const kinds: [RegExp, number][] = [
    [/[a-z]/u, 26],
    [/[A-Z]/u, 26],
    [/[0-9]/u, 10],
    [/[^a-zA-Z0-9]/u, 20],
  ];
  return kinds.reduce((sum, [kind, size]) => sum + (kind.test(passphrase) ? size : 0), 0);
}
