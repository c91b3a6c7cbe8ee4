/** The numbers to choose from, with the present one among them wherever it came from. */
export function choices(
  offered: readonly number[],
  present: number,
  text: (value: number) => string,
): { value: string; label: string }[] {
  const all = new Set([...offered, present]);
  return [...all]
    .sort((a, b) => a - b)
    .map((value) => ({ value: String(value), label: text(value) }));
}
