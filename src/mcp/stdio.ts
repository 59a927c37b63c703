import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { TriptychClient } from '../client/index.ts';
import { limits } from '../limits.ts';
import { createMcpServer, type McpParts } from './mcp-server.ts';

export interface StdioConnection {
  /** Resolves when the client has ended the connection, or `close` has. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Serves one connection over a process's standard streams: messages are lines, and nothing else may be written there. */
export function serveOverStdio(
  client: TriptychClient,
  parts: McpParts,
  streams: { readonly stdin: Readable; readonly stdout: Writable },
): StdioConnection {
  const wire = new Wire(streams);
  const handle = serveStdio(() => createMcpServer(client, parts), {
    transport: wire,
    onerror: (error) => parts.logger.warn({ error }, 'a message was refused'),
  });
  return { ended: wire.ended, close: () => handle.close() };
}

/** Tells when it was closed, whoever did that: the end of the input, a message that is too long, a reader that is gone. */
class Wire extends StdioServerTransport {
  readonly ended: Promise<void>;
  #end: () => void = () => {};

  constructor({ stdin, stdout }: { readonly stdin: Readable; readonly stdout: Writable }) {
    super(stdin, stdout, { maxBufferSize: limits.mcpMessageBytesMax });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  override async close(): Promise<void> {
    await super.close();
    this.#end();
  }
}
