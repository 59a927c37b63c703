import { connect, type Socket } from 'node:net';

/** A bare connection: bytes go in as they are, and what comes back is kept as text. */
export interface RawClient {
  readonly socket: Socket;
  /** All that arrived so far (latin1); may be emptied between two answers. */
  text: string;
  readonly closed: Promise<void>;
}

export function rawClient(port: number): RawClient {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => resolve());
  });
  const client: RawClient = { socket, text: '', closed };
  socket.on('data', (chunk: string) => {
    client.text += chunk;
  });
  // A connection that is cut says so by closing.
  socket.on('error', () => {});
  return client;
}
