/** Above this, a portrait gives way to the string beside it in a narrow window. */
const LARGE = 60;

/** The diameter of a portrait as CSS, from pixels at 100 % text. */
export function diameter(size: number): string {
  const rem = `${size / 16}rem`;
  return size > LARGE ? `min(${rem}, 19vw)` : rem;
}
