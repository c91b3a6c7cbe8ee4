/** Files that the page hands to the program. */

/** As many as the program takes: what people wrote to each other is a few megabytes at most. */
export const MOST_BYTES = 8 * 1024 * 1024;

/** What is in a file, as text that survives the way to the program. */
export async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  // In parts: a call takes no more arguments than the stack holds.
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}
