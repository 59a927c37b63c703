import {
  type JsonSchemaValidatorResult,
  type jsonSchemaValidator,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import type { TriptychClient } from '../client/index.ts';
import { limits } from '../limits.ts';
import type { Logger } from '../ports/logger.ts';
import type { CallPlaces } from './call-places.ts';
import type { Tool } from './tool.ts';
import { errorResultOf, isUnexpected, resultOf } from './tool-result.ts';
import { readingTools, writingTools } from './tools/index.ts';

export interface McpParts {
  /** Of the package. */
  readonly version: string;
  /** Whether tools that write are offered. */
  readonly allowWrites: boolean;
  /** Shared by all servers of the process. */
  readonly places: CallPlaces;
  readonly logger: Logger;
}

const instructions =
  'Triptych searches one catalogue of documents by meaning, words and relations, under the rules of whoever asks. ' +
  'Ask `describe_catalogue` first: filters and rules name its facets, fields and values exactly. Then `search`; ' +
  '`explain` says why a document is where it is, or why it is missing. An answer with `degraded` lacks a part.';

/** Arguments are checked by the tools, whose errors name a code and paths. */
const unchecked: jsonSchemaValidator = { getValidator: () => accepted };

function accepted<T>(input: unknown): JsonSchemaValidatorResult<T> {
  return { valid: true, data: input as T, errorMessage: undefined };
}

/** One server of the protocol, whose tools act through `client`: for a connection, or for one request over HTTP. */
export function createMcpServer(client: TriptychClient, parts: McpParts): Server {
  const { version, allowWrites } = parts;
  const tools = allowWrites ? [...readingTools, ...writingTools] : readingTools;
  const server = new Server(
    { name: 'triptych', title: 'Triptych', version },
    { capabilities: { tools: {} }, instructions, jsonSchemaValidator: unchecked },
  );
  server.setRequestHandler('tools/list', async () => ({ tools: tools.map(listed) }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const found = tools.find(({ name }) => name === params.name);
    if (found === undefined) throw unknownTool(params.name);
    const options = { signal: mcpReq.signal, timeoutMs: limits.mcpCallMsMax };
    try {
      return await parts.places.pass(async () =>
        resultOf(await found.run(params.arguments ?? {}, { client, options })),
      );
    } catch (error) {
      // Nobody waits for an answer any more.
      if (mcpReq.signal.aborted) throw error;
      if (isUnexpected(error)) parts.logger.error({ tool: found.name, error }, 'a tool failed');
      return errorResultOf(error);
    }
  });
  return server;
}

function listed({ name, title, description, inputSchema, outputSchema, hints }: Tool) {
  return {
    ...{ name, title, description },
    inputSchema: { ...inputSchema, type: 'object' as const },
    outputSchema: { ...outputSchema, type: 'object' as const },
    annotations: { title, ...hints },
  };
}

function unknownTool(name: string): ProtocolError {
  const isWriting = writingTools.some((tool) => tool.name === name);
  const why = isWriting ? `${name} writes, and writes are not allowed here` : `there is no tool ${name}`;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, why);
}
