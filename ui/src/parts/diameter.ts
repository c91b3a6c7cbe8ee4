/** Pixels. Larger portraits shrink in a narrow window, so that the string beside them has room. */
const LARGE = 60;

/** The diameter of a portrait as CSS, from pixels at 100 % text. */
export function diameter(size: number): string {
  const rem = `${size / 16}rem`;
  return size > LARGE ? `min(${rem}, 19vw)` : rem;
}
