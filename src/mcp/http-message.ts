import type { IncomingMessage } from 'node:http';

/**
 * The body of a request; null where it has more than `bytesMax` bytes. Then the rest is read and thrown away, as long as
 * the server gives a request, because who is still sending would not read an answer. Rejects when the caller leaves.
 */
export async function readMessage(req: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > bytesMax ? null : Buffer.concat(chunks);
}

/** A refusal as the protocol words it: a JSON-RPC error that belongs to no request. */
export function refusal(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, { status, headers });
}
