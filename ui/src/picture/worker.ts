/**
 * Takes raw pictures from the program and draws them, away from the page's thread.
 *
 * One WebSocket, open while a canvas wants pictures. Draws on arrival; of pictures that arrive
 * together only the last of each stream is drawn. Every picture is acknowledged once it is drawn
 * or passed over, which is the credit for the next: nothing queues up when the page is slow.
 */
import type { Stream } from '../backend/backend';
import { acknowledge, convert, type Frame, parseFrame } from './frame';
import type { PlaceSpec } from './surface';

export type Order =
  | { readonly do: 'connect'; readonly url: string }
  | {
      readonly do: 'show';
      readonly id: number;
      readonly stream: Stream;
      readonly look: PlaceSpec['look'];
      readonly canvas: OffscreenCanvas;
    }
  | { readonly do: 'stop'; readonly id: number };

interface Target {
  readonly stream: Stream;
  readonly look: PlaceSpec['look'];
  readonly context: OffscreenCanvasRenderingContext2D;
}

/** Between two attempts to connect. The program is on this machine: if it runs, it answers at once. */
const RETRY_MS = 500;
/** A backdrop is blurred by being drawn this wide and stretched over the window. */
const BACKDROP_WIDTH = 48;

const targets = new Map<number, Target>();
const waiting = new Map<Stream, Frame>();
const passedOver: number[] = [];
const turn = new MessageChannel();
let url = '';
let socket: WebSocket | null = null;
let turnAsked = false;
/** One picture of each stream, drawn into again and again while its size stays. */
const images = new Map<Stream, ImageData>();
let whole: OffscreenCanvas | null = null;

onmessage = (event: MessageEvent<Order>) => {
  const order = event.data;
  switch (order.do) {
    case 'connect':
      url = order.url;
      break;
    case 'show': {
      const context = order.canvas.getContext('2d', { alpha: false });
      if (context) targets.set(order.id, { stream: order.stream, look: order.look, context });
      break;
    }
    case 'stop':
      targets.delete(order.id);
      break;
  }
  if (targets.size > 0) connect();
  else disconnect();
};

// A message to ourselves comes after all pictures that have already arrived.
turn.port1.onmessage = () => {
  turnAsked = false;
  for (const sequence of passedOver.splice(0)) socket?.send(acknowledge(sequence));
  for (const frame of waiting.values()) {
    draw(frame);
    socket?.send(acknowledge(frame.sequence));
  }
  waiting.clear();
};

function connect() {
  if (socket || !url) return;
  const opened = new WebSocket(url);
  opened.binaryType = 'arraybuffer';
  opened.onmessage = (event: MessageEvent<unknown>) => {
    if (event.data instanceof ArrayBuffer && socket === opened) take(event.data);
  };
  opened.onclose = () => {
    if (socket !== opened) return;
    forget();
    setTimeout(() => {
      if (targets.size > 0) connect();
    }, RETRY_MS);
  };
  socket = opened;
}

function disconnect() {
  const open = socket;
  forget();
  open?.close();
  // No canvas shows a stream any more: the images, megabytes each, are let go.
  images.clear();
  whole = null;
}

function forget() {
  socket = null;
  waiting.clear();
  passedOver.length = 0;
}

function take(message: ArrayBuffer) {
  const frame = parseFrame(message);
  if (!frame) return;
  const older = waiting.get(frame.stream);
  if (older) passedOver.push(older.sequence);
  waiting.set(frame.stream, frame);
  if (turnAsked) return;
  turnAsked = true;
  turn.port2.postMessage(null);
}

function draw(frame: Frame) {
  const wanted = [...targets.values()].filter((target) => target.stream === frame.stream);
  if (wanted.length === 0) return;
  const image = imageFor(frame);
  convert(frame, new Uint32Array(image.data.buffer));
  for (const target of wanted) {
    if (target.look === 'backdrop') drawSmall(target.context, image);
    else drawWhole(target.context, image);
  }
}

function imageFor({ stream, width, height }: Frame): ImageData {
  const before = images.get(stream);
  if (before?.width === width && before.height === height) return before;
  const fresh = new ImageData(width, height);
  images.set(stream, fresh);
  return fresh;
}

function drawWhole(context: OffscreenCanvasRenderingContext2D, picture: ImageData) {
  resize(context.canvas, picture.width, picture.height);
  context.putImageData(picture, 0, 0);
}

function drawSmall(context: OffscreenCanvasRenderingContext2D, picture: ImageData) {
  const height = Math.max(1, Math.round((BACKDROP_WIDTH * picture.height) / picture.width));
  whole ??= new OffscreenCanvas(picture.width, picture.height);
  const middle = whole.getContext('2d', { alpha: false });
  if (!middle) return;
  drawWhole(middle, picture);
  resize(context.canvas, BACKDROP_WIDTH, height);
  context.imageSmoothingQuality = 'medium';
  context.drawImage(whole, 0, 0, BACKDROP_WIDTH, height);
}

function resize(canvas: OffscreenCanvas, width: number, height: number) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
