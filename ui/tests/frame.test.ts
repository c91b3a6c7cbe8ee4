import { describe, expect, test } from 'vitest';

import { acknowledge, convert, parseFrame } from '../src/picture/frame';

function message(stream: number, width: number, height: number, sequence: number, body: number[]) {
  const bytes = new Uint8Array(16 + body.length);
  const header = new DataView(bytes.buffer);
  [stream, width, height, sequence].forEach((value, i) => {
    header.setUint32(4 * i, value, true);
  });
  bytes.set(body, 16);
  return bytes.buffer;
}

/** One picture of one colour, as red, green, blue. */
function colour(y: number, u: number, v: number): number[] {
  const frame = parseFrame(message(1, 2, 2, 0, [y, y, y, y, u, v]));
  if (!frame) throw new Error('a whole picture is refused');
  const out = new Uint32Array(4);
  convert(frame, out);
  expect(new Set(out).size).toBe(1);
  const [red, green, blue, alpha] = new Uint8Array(out.buffer);
  expect(alpha).toBe(255);
  return [red ?? -1, green ?? -1, blue ?? -1];
}

describe('conversion', () => {
  test.each([
    ['black', [16, 128, 128], [0, 0, 0]],
    ['white', [235, 128, 128], [255, 255, 255]],
    ['grey', [126, 128, 128], [128, 128, 128]],
    ['red', [63, 102, 240], [255, 0, 0]],
    ['green', [173, 42, 26], [0, 255, 0]],
    ['blue', [32, 240, 118], [0, 0, 255]],
    ['whiter than white', [255, 128, 128], [255, 255, 255]],
    ['blacker than black', [0, 128, 128], [0, 0, 0]],
  ] as const)('%s of BT.709 limited comes out right', (_, [y, u, v], wanted) => {
    colour(y, u, v).forEach((value, i) => {
      expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThanOrEqual(2);
    });
  });

  test('odd sizes use every sample once', () => {
    const frame = parseFrame(
      message(0, 3, 3, 7, [...Array<number>(9).fill(126), ...Array<number>(8).fill(128)]),
    );
    const out = new Uint32Array(9);
    if (frame) convert(frame, out);
    expect(frame).toMatchObject({ stream: 'local', width: 3, height: 3, sequence: 7 });
    expect([...out]).toEqual(Array(9).fill(0xff808080));
  });
});

test.each([
  ['empty', new ArrayBuffer(0)],
  ['a header alone', message(0, 2, 2, 1, [])],
  ['a byte short', message(0, 2, 2, 1, [1, 2, 3, 4, 5])],
  ['a byte long', message(0, 2, 2, 1, [1, 2, 3, 4, 5, 6, 7])],
  ['an unknown stream', message(3, 2, 2, 1, [1, 2, 3, 4, 5, 6])],
  ['no width', message(0, 0, 2, 1, [])],
  ['a size beyond all reason', message(0, 0xffffffff, 0xffffffff, 1, [])],
])('a message that is %s is dropped', (_, bytes) => {
  expect(parseFrame(bytes)).toBeNull();
});

test('the answer to a picture is its sequence number', () => {
  expect([...acknowledge(0x01020304)]).toEqual([4, 3, 2, 1]);
});
