import { request } from 'node:http';
import type { CallToolResult, Client } from '@modelcontextprotocol/client';
import { expect } from 'vitest';

/** What the protocol's clients get of a tool. */
export type ToolResult = Pick<CallToolResult, 'content' | 'structuredContent' | 'isError' | '_meta'>;

export async function toolNames(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name);
}

/** The text of a result. */
export function textOf({ content }: ToolResult): string {
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

/** The structured content of a result that must not be an error. */
export function structuredOf(result: ToolResult): Record<string, unknown> {
  expect([result.isError ?? false, textOf(result)]).toEqual([false, textOf(result)]);
  return result.structuredContent as Record<string, unknown>;
}

/** The machine's side of a result that must be an error; its text says the same. */
export function errorOf(result: ToolResult): Record<string, unknown> {
  expect([result.isError, textOf(result)]).toEqual([true, textOf(result)]);
  const error = result._meta?.['triptych/error'] as Record<string, unknown>;
  expect(textOf(result)).toContain(`${error.code}: ${error.message}`);
  return error;
}

/** Asks for the tools with these headers, Host among them, which `fetch` sets itself. */
export function askAs(
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve({ status: response.statusCode ?? 0 }));
      },
    );
    sent.once('error', reject);
    sent.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
  });
}
