/** A length in rem as pixels, for what takes numbers only; grows with the size of text. */
export function pixels(rem: number): number {
  return rem * parseFloat(getComputedStyle(document.documentElement).fontSize || '16');
}
