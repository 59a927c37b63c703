import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** Reads what one client sends, piece by piece, and gives the texts of the questions that each piece completed. */
export type QuestionReader = (bytes: Buffer) => readonly string[];

export interface CountingProxy {
  readonly port: number;
  /** Questions that went through since the proxy was opened. */
  count(): number;
  /** Their texts, in order: what was sent, as latin1, cut to questionCharsMax. */
  questions(): readonly string[];
  /** From now on answers stay here on every connection on which a question with this text is asked, until `release`. */
  hold(text: string): Hold;
  close(): Promise<void>;
}

export interface Hold {
  /** Resolves when the first such question has come. */
  readonly asked: Promise<void>;
  release(): void;
}

/** What is remembered of a question; more than any statement has. */
const questionCharsMax = 65_536;

/**
 * A proxy that knows the questions on the wire, whatever the client's library says of itself.
 * @param upstreamPort where the server listens on this machine
 * @param reader makes the reader of one connection
 */
export async function openCountingProxy(
  upstreamPort: number,
  reader: () => QuestionReader,
): Promise<CountingProxy> {
  const questions: string[] = [];
  const sockets = new Set<Socket>();
  const holds = new Set<OpenHold>();
  const server = createServer((client) => {
    const upstream = createConnection({ host: '127.0.0.1', port: upstreamPort });
    const read = reader();
    client.on('data', (bytes) => {
      for (const question of read(bytes)) {
        questions.push(question);
        for (const hold of holds) if (question.includes(hold.text)) hold.take({ client, upstream });
      }
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
    count: () => questions.length,
    questions: () => questions,
    hold(text) {
      const hold = new OpenHold(text, () => holds.delete(hold));
      holds.add(hold);
      return hold;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Connection {
  readonly client: Socket;
  readonly upstream: Socket;
}

class OpenHold implements Hold {
  readonly text: string;
  readonly asked: Promise<void>;
  readonly #ended: () => void;
  readonly #held = new Set<Connection>();
  #tell = (): void => {};

  constructor(text: string, ended: () => void) {
    this.text = text;
    this.#ended = ended;
    this.asked = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  take(connection: Connection): void {
    const { client, upstream } = connection;
    upstream.unpipe(client);
    this.#held.add(connection);
    this.#tell();
  }

  release(): void {
    this.#ended();
    for (const { client, upstream } of this.#held) upstream.pipe(client);
    this.#held.clear();
  }
}

const http2PrefaceBytes = 24;
const http2FrameHeaderBytes = 9;
const http2Data = 0;
const http2Headers = 1;
const http2EndStream = 1;

/** Calls of gRPC: each is a stream of HTTP/2, whose text is its message; names of methods are compressed and not read. */
export function grpcCalls(): QuestionReader {
  const stream = new ByteStream(http2PrefaceBytes);
  const calls = new Map<number, string>();
  return (bytes) => {
    stream.add(bytes);
    const ended: string[] = [];
    for (let frame = nextFrame(stream); frame !== null; frame = nextFrame(stream)) {
      const [type, flags, id] = [frame[3], frame[4]!, frame.readUInt32BE(5)];
      if (type !== http2Headers && type !== http2Data) continue;
      const data = type === http2Data ? textOf(frame.subarray(http2FrameHeaderBytes)) : '';
      const text = ((calls.get(id) ?? '') + data).slice(0, questionCharsMax);
      if ((flags & http2EndStream) === 0) calls.set(id, text);
      else {
        calls.delete(id);
        ended.push(text);
      }
    }
    return ended;
  };
}

/** A whole frame with its header, taken from the stream; null where it has not all arrived. */
function nextFrame(stream: ByteStream): Buffer | null {
  const header = stream.peek(http2FrameHeaderBytes);
  return header === null ? null : stream.take(http2FrameHeaderBytes + header.readUIntBE(0, 3));
}

const boltHandshakeBytes = 20;
/** After a handshake by manifest the client says which version it takes, and no capabilities. */
const boltChoiceBytes = 5;
const boltHello = 0x01;
const boltRun = 0x10;

/** RUN messages of Bolt, with the statement in their text. */
export function boltRuns(): QuestionReader {
  const stream = new ByteStream(boltHandshakeBytes);
  let greeted = false;
  /** Chunks of the message that is arriving. */
  let chunks: Buffer[] = [];
  return (bytes) => {
    stream.add(bytes);
    const runs: string[] = [];
    if (!greeted) {
      const start = stream.peek(4);
      if (start === null) return runs;
      if (start[3] !== boltHello) stream.skip(boltChoiceBytes);
      greeted = true;
    }
    for (let chunk = nextChunk(stream); chunk !== null; chunk = nextChunk(stream)) {
      if (chunk.length > 0) {
        chunks.push(chunk);
        continue;
      }
      // An empty chunk ends a message; its tag is the second byte.
      if (chunks[0]?.[1] === boltRun) runs.push(textOf(Buffer.concat(chunks)));
      chunks = [];
    }
    return runs;
  };
}

/** The bytes of a whole chunk, taken from the stream; null where it has not all arrived. */
function nextChunk(stream: ByteStream): Buffer | null {
  const size = stream.peek(2);
  return size === null ? null : (stream.take(2 + size.readUInt16BE(0))?.subarray(2) ?? null);
}

function textOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, questionCharsMax);
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

  /** As `peek`, but they go. */
  take(count: number): Buffer | null {
    const taken = this.peek(count);
    if (taken !== null) this.skip(count);
    return taken;
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
