/** Raw pictures as they come over the loopback WebSocket, and their conversion for a canvas. */

import type { Stream } from '../backend/backend';

/** Little endian u32 each: stream (0 local, 1 remote, 2 screen), width, height, sequence; then I420. */
const HEADER_BYTES = 16;
/** Nothing that a camera or a peer sends is larger; see `Size::MAX` of the program. */
const MAX_EDGE = 4096;

const STREAMS: readonly Stream[] = ['local', 'remote', 'screen'];

export interface Frame {
  readonly stream: Stream;
  readonly width: number;
  readonly height: number;
  readonly sequence: number;
  /** Planes Y, U, V, tightly packed, BT.709 limited. */
  readonly planes: Uint8Array;
}

/** Null for anything that is no whole picture. */
export function parseFrame(message: ArrayBuffer): Frame | null {
  if (message.byteLength < HEADER_BYTES) return null;
  const header = new DataView(message);
  const stream = header.getUint32(0, true);
  const width = header.getUint32(4, true);
  const height = header.getUint32(8, true);
  const name = STREAMS[stream];
  if (!name || width < 1 || height < 1 || width > MAX_EDGE || height > MAX_EDGE) return null;
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
  if (message.byteLength !== HEADER_BYTES + width * height + 2 * chroma) return null;
  return {
    stream: name,
    width,
    height,
    sequence: header.getUint32(12, true),
    planes: new Uint8Array(message, HEADER_BYTES),
  };
}

/** The answer to one picture: its sequence number, as credit for the next. */
export function acknowledge(sequence: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, sequence, true);
  return bytes;
}

/** BT.709 limited to RGB, in 1/65536. */
const Y_GAIN = 76309;
const R_V = 117489;
const G_U = -13975;
const G_V = -34925;
const B_U = 138438;
const HALF = 32768;

/**
 * Converts into `out`, one 0xAABBGGRR word per pixel (canvas order on little-endian machines),
 * `out.length` = width × height. Two rows and two columns share each pair of chroma samples.
 */
export function convert(frame: Frame, out: Uint32Array): void {
  const { width, height, planes } = frame;
  const half = (width + 1) >> 1;
  const uStart = width * height;
  const vStart = uStart + half * ((height + 1) >> 1);
  for (let row = 0; row < height; row++) {
    const u = uStart + (row >> 1) * half;
    const v = vStart + (row >> 1) * half;
    let at = row * width;
    for (let column = 0; column < half; column++) {
      const cb = (planes[u + column] as number) - 128;
      const cr = (planes[v + column] as number) - 128;
      const red = R_V * cr + HALF;
      const green = G_U * cb + G_V * cr + HALF;
      const blue = B_U * cb + HALF;
      const luma = ((planes[at] as number) - 16) * Y_GAIN;
      out[at++] = pixel(luma + red, luma + green, luma + blue);
      if (2 * column + 1 < width) {
        const next = ((planes[at] as number) - 16) * Y_GAIN;
        out[at++] = pixel(next + red, next + green, next + blue);
      }
    }
  }
}

function pixel(red: number, green: number, blue: number): number {
  const r = red >> 16;
  const g = green >> 16;
  const b = blue >> 16;
  // A value outside 0..255 has a bit outside the low eight.
  return (
    (0xff000000 |
      ((b & ~255 ? (b < 0 ? 0 : 255) : b) << 16) |
      ((g & ~255 ? (g < 0 ? 0 : 255) : g) << 8) |
      (r & ~255 ? (r < 0 ? 0 : 255) : r)) >>>
    0
  );
}
