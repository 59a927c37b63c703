import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** Reads what one client sends, piece by piece, and says how many questions each piece completed. */
export type QuestionReader = (bytes: Buffer) => number;

export interface CountingProxy {
  readonly port: number;
  /** Questions that went through since the proxy was opened. */
  count(): number;
  close(): Promise<void>;
}

/**
 * A proxy that counts the questions on the wire, whatever the client's library says of itself.
 * @param upstreamPort where the server listens on this machine
 * @param reader makes the reader of one connection
 */
export async function openCountingProxy(
  upstreamPort: number,
  reader: () => QuestionReader,
): Promise<CountingProxy> {
  let questions = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = createConnection({ host: '127.0.0.1', port: upstreamPort });
    const read = reader();
    client.on('data', (bytes) => {
      questions += read(bytes);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    count: () => questions,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const http2PrefaceBytes = 24;
const http2FrameHeaderBytes = 9;
const http2Headers = 1;

/** Calls of gRPC: each is a stream of HTTP/2, which its frame of headers begins. */
export function grpcCalls(): QuestionReader {
  const stream = new ByteStream(http2PrefaceBytes);
  return (bytes) => {
    stream.add(bytes);
    let calls = 0;
    for (
      let frame = stream.peek(http2FrameHeaderBytes);
      frame !== null;
      frame = stream.peek(http2FrameHeaderBytes)
    ) {
      if (frame[3] === http2Headers) calls += 1;
      stream.skip(http2FrameHeaderBytes + frame.readUIntBE(0, 3));
    }
    return calls;
  };
}

const boltHandshakeBytes = 20;
/** After a handshake by manifest the client says which version it takes, and no capabilities. */
const boltChoiceBytes = 5;
const boltHello = 0x01;
const boltRun = 0x10;

/** RUN messages of Bolt. */
export function boltRuns(): QuestionReader {
  const stream = new ByteStream(boltHandshakeBytes);
  let greeted = false;
  let begun = false;
  return (bytes) => {
    stream.add(bytes);
    let runs = 0;
    for (;;) {
      const start = stream.peek(4);
      if (start === null) return runs;
      if (!greeted) {
        if (start[3] !== boltHello) stream.skip(boltChoiceBytes);
        greeted = true;
        continue;
      }
      const chunkBytes = start.readUInt16BE(0);
      // A message is some chunks and an empty one; its tag is the second byte of the first.
      if (!begun && chunkBytes > 0 && start[3] === boltRun) runs += 1;
      begun = chunkBytes > 0;
      stream.skip(2 + chunkBytes);
    }
  };
}

/** Bytes that arrive in pieces; what is skipped need not have arrived. */
class ByteStream {
  #held = Buffer.alloc(0);
  #skip: number;

  constructor(skip: number) {
    this.#skip = skip;
  }

  add(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    this.#drop();
  }

  /** The next bytes, which stay; null where they have not all arrived. */
  peek(count: number): Buffer | null {
    return this.#skip > 0 || this.#held.length < count ? null : this.#held.subarray(0, count);
  }

  skip(count: number): void {
    this.#skip += count;
    this.#drop();
  }

  #drop(): void {
    const dropped = Math.min(this.#skip, this.#held.length);
    this.#held = this.#held.subarray(dropped);
    this.#skip -= dropped;
  }
}
