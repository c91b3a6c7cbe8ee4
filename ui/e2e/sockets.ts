/** The program's end of the picture socket, as little of RFC 6455 as the tests need. */
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export class PictureServer {
  /** Sequence numbers that the page acknowledged, in their order. */
  readonly acknowledged: number[] = [];
  connections = 0;
  private socket: Socket | null = null;

  private constructor(private readonly server: Server) {
    server.on('upgrade', (request, socket: Socket) => {
      const key = request.headers['sec-websocket-key'] ?? '';
      const accept = createHash('sha1').update(`${key}${MAGIC}`).digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      this.connections++;
      this.socket = socket;
      socket.on('data', (bytes: Buffer) => {
        this.read(bytes);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (this.socket === socket) this.socket = null;
      });
    });
  }

  static async start(): Promise<PictureServer> {
    const server = createServer();
    const it = new PictureServer(server);
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    return it;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  get connected(): boolean {
    return this.socket !== null;
  }

  /** Sends a picture of one colour. */
  send(
    stream: 0 | 1,
    width: number,
    height: number,
    sequence: number,
    [y, u, v]: readonly [number, number, number],
  ) {
    const chroma = (width / 2) * (height / 2);
    const payload = Buffer.alloc(16 + width * height + 2 * chroma);
    [stream, width, height, sequence].forEach((value, i) => payload.writeUInt32LE(value, 4 * i));
    payload.fill(y, 16, 16 + width * height);
    payload.fill(u, 16 + width * height, 16 + width * height + chroma);
    payload.fill(v, 16 + width * height + chroma);
    this.frame(payload);
  }

  /** Sends bytes that are no picture. */
  frame(payload: Buffer) {
    const { length } = payload;
    // The shortest form that holds the length; others are refused.
    const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
    head[0] = 0x82;
    head[1] = length < 126 ? length : length < 65536 ? 126 : 127;
    if (head.length === 4) head.writeUInt16BE(length, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
    this.socket?.write(Buffer.concat([head, payload]));
  }

  drop() {
    this.socket?.destroy();
  }

  stop() {
    this.drop();
    this.server.close();
  }

  /** Masked frames: acknowledgements of four bytes, and the end. */
  private read(bytes: Buffer) {
    for (let at = 0; at + 2 <= bytes.length;) {
      const kind = (bytes[at] ?? 0) & 0x0f;
      if (kind === 8) this.drop();
      const length = (bytes[at + 1] ?? 0) & 0x7f;
      if (length === 4) {
        const plain = Buffer.alloc(4);
        for (let i = 0; i < 4; i++) {
          plain[i] = (bytes[at + 6 + i] ?? 0) ^ (bytes[at + 2 + i] ?? 0);
        }
        if (kind === 2) this.acknowledged.push(plain.readUInt32LE(0));
      }
      at += 6 + length;
    }
  }
}
