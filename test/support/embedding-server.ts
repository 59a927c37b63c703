import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server was asked. */
export interface EmbeddingCall {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly model: string;
  readonly input: readonly string[];
}

export interface EmbeddingServer {
  readonly url: string;
  readonly calls: EmbeddingCall[];
  /** Replaces the answer; null: the right one. */
  answer: ((call: EmbeddingCall, response: ServerResponse, request: IncomingMessage) => void) | null;
  close(): Promise<void>;
}

/** A server with OpenAI's embeddings route on a free port; a text's vector follows from its hash. */
export async function startEmbeddingServer(dimension: number): Promise<EmbeddingServer> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { model, input } = JSON.parse(Buffer.concat(chunks).toString()) as {
      model: string;
      input: string[];
    };
    const { authorization } = request.headers;
    const call = { path: request.url ?? '', authorization, model, input };
    running.calls.push(call);
    if (running.answer !== null) running.answer(call, response, request);
    else response.end(JSON.stringify(embeddingsOf(input, dimension)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const running: EmbeddingServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls: [],
    answer: null,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}

/** The right answer, entries in reverse order: clients must go by `index`. Vectors are not of unit length. */
export function embeddingsOf(input: readonly string[], dimension: number): { data: object[] } {
  const data = input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: hashVector(text, dimension),
  }));
  return { data: data.reverse() };
}

function hashVector(text: string, dimension: number): number[] {
  return Array.from({ length: dimension }, (_, i) => {
    const digest = createHash('sha256').update(`${i}\0${text}`).digest();
    return digest.readInt32LE(0) / 2 ** 28;
  });
}
