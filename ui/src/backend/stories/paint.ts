/**
 * Moving pictures for stories: a person in a room, drawn with a few shapes, or a test picture.
 * With `still` they are the same in every run.
 */
import type { Painter, Stream } from '../backend';

const WIDTH = 1280;
const HEIGHT = 720;
const FRAME_MS = 66;

interface Scene {
  readonly wall: readonly [string, string];
  readonly lamp: string;
  readonly plant: boolean;
  readonly skin: string;
  readonly hair: string;
  readonly shirt: string;
}

const SCENES: Record<Exclude<Stream, 'screen'>, Scene> = {
  remote: {
    wall: ['#cfa77b', '#7c5a44'],
    lamp: '#ffe3b0',
    plant: true,
    skin: '#d9a07a',
    hair: '#3a241a',
    shirt: '#2f6b6f',
  },
  local: {
    wall: ['#9fb3bf', '#56697a'],
    lamp: '#f3f6ff',
    plant: false,
    skin: '#8d5a3f',
    hair: '#1b1412',
    shirt: '#b4533f',
  },
};

export function painter(test: boolean, still: boolean): Painter {
  return (stream, canvas, look) => {
    const small = look === 'backdrop' ? 48 / WIDTH : stream === 'screen' ? 1.5 : 1;
    canvas.width = WIDTH * small;
    canvas.height = HEIGHT * small;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) return () => undefined;
    context.scale(small, small);
    const began = performance.now();
    const draw = () => {
      const seconds = still ? 1.4 : (performance.now() - began) / 1000;
      if (stream === 'screen') paintScreen(context);
      else if (test && stream === 'local') paintTest(context, seconds);
      else paintPerson(context, SCENES[stream], seconds);
    };
    draw();
    if (still) return () => undefined;
    const timer = setInterval(draw, FRAME_MS);
    return () => {
      clearInterval(timer);
    };
  };
}

function paintPerson(c: CanvasRenderingContext2D, scene: Scene, seconds: number) {
  const wall = c.createLinearGradient(0, 0, WIDTH * 0.4, HEIGHT);
  wall.addColorStop(0, scene.wall[0]);
  wall.addColorStop(1, scene.wall[1]);
  c.fillStyle = wall;
  c.fillRect(0, 0, WIDTH, HEIGHT);
  paintRoom(c, scene);
  const sway = Math.sin(seconds * 1.3) * 10;
  const nod = Math.sin(seconds * 2.1) * 5;
  const x = WIDTH / 2 + sway;
  ellipse(c, scene.shirt, x, 760, 330, 260);
  c.fillStyle = scene.skin;
  c.fillRect(x - 52, 420, 104, 110);
  ellipse(c, scene.skin, x, 520, 60, 34);
  ellipse(c, scene.hair, x, 292 + nod, 156, 176);
  ellipse(c, scene.skin, x, 322 + nod, 122, 150);
  c.fillStyle = scene.hair;
  c.beginPath();
  c.ellipse(x - 6, 226 + nod, 134, 74, -0.12, Math.PI, 2 * Math.PI);
  c.fill();
  paintFace(c, x, 322 + nod, seconds);
}

function paintRoom(c: CanvasRenderingContext2D, scene: Scene) {
  const glow = c.createRadialGradient(240, 150, 10, 240, 150, 420);
  glow.addColorStop(0, scene.lamp);
  glow.addColorStop(1, `${scene.lamp}00`);
  c.fillStyle = glow;
  c.fillRect(0, 0, WIDTH, HEIGHT);
  c.fillStyle = 'rgb(60 40 28 / 0.35)';
  c.fillRect(860, 210, 330, 12);
  const books = ['#7d3f45', '#2f5d8a', '#e0c08a', '#4d6b50', '#57508f', '#a8693f'];
  books.forEach((colour, i) => {
    c.fillStyle = colour;
    c.fillRect(880 + i * 32, 130 + (i % 3) * 10, 26, 80 - (i % 3) * 10);
  });
  if (!scene.plant) return;
  c.fillStyle = '#8a4a34';
  c.fillRect(1104, 160, 60, 50);
  for (let leaf = -2; leaf <= 2; leaf++) {
    c.save();
    c.translate(1134, 160);
    c.rotate(leaf * 0.42);
    ellipse(c, '#3f6b47', 0, -46, 14, 46);
    c.restore();
  }
}

function paintFace(c: CanvasRenderingContext2D, x: number, y: number, seconds: number) {
  const blink = seconds % 3.7 < 0.12 ? 0.1 : 1;
  ellipse(c, '#241812', x - 44, y - 12, 11, 13 * blink);
  ellipse(c, '#241812', x + 44, y - 12, 11, 13 * blink);
  c.strokeStyle = 'rgb(40 20 12 / 0.55)';
  c.lineWidth = 7;
  c.lineCap = 'round';
  c.beginPath();
  c.moveTo(x - 64, y - 42);
  c.quadraticCurveTo(x - 44, y - 54, x - 24, y - 44);
  c.moveTo(x + 24, y - 44);
  c.quadraticCurveTo(x + 44, y - 54, x + 64, y - 42);
  c.stroke();
  const open = 8 + Math.abs(Math.sin(seconds * 6)) * 12;
  c.fillStyle = '#8c3b38';
  c.beginPath();
  c.moveTo(x - 42, y + 60);
  c.quadraticCurveTo(x, y + 66, x + 42, y + 60);
  c.quadraticCurveTo(x, y + 66 + open * 2.4, x - 42, y + 60);
  c.fill();
}

/** A page of text, as somebody would share it. */
function paintScreen(c: CanvasRenderingContext2D) {
  c.fillStyle = '#e7e9ee';
  c.fillRect(0, 0, WIDTH, HEIGHT);
  c.fillStyle = '#2f6b6f';
  c.fillRect(0, 0, WIDTH, 44);
  c.fillStyle = '#ffffff';
  c.fillRect(240, 64, 800, HEIGHT - 64);
  c.font = '16px sans-serif';
  c.fillText('Minutes of the choir', 24, 28);
  c.fillStyle = '#1c1a17';
  c.font = 'bold 26px serif';
  c.fillText('Minutes of the meeting in November', 280, 120);
  c.font = '15px serif';
  for (let line = 0; line < 24; line++) {
    const text =
      'The tenors asked for a later start on Tuesdays; the altos would rather keep the hour, and bring cake.';
    c.fillText(text.slice(0, 96 - ((line * 7) % 23)), 280, 160 + line * 23);
  }
}

function paintTest(c: CanvasRenderingContext2D, seconds: number) {
  const bars = ['#c0c0c0', '#c0c000', '#00c0c0', '#00c000', '#c000c0', '#c00000', '#0000c0'];
  bars.forEach((colour, i) => {
    c.fillStyle = colour;
    c.fillRect((i * WIDTH) / bars.length, 0, WIDTH / bars.length + 1, HEIGHT);
  });
  ellipse(c, '#ffffff', WIDTH / 2 + Math.cos(seconds) * 380, HEIGHT / 2, 90, 90);
}

function ellipse(
  c: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  rx: number,
  ry: number,
) {
  c.fillStyle = colour;
  c.beginPath();
  c.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI);
  c.fill();
}
