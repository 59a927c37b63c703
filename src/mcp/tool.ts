import type { z } from 'zod';
import type { CallOptions, TriptychClient } from '../client/index.ts';
import { inlineSchema } from '../wire/components.ts';
import { refuseDeep } from '../wire/depth.ts';
import { parseWith } from '../wire/problems.ts';

/** What a tool works with: a client that acts for whoever calls, and the bounds of the call. */
export interface ToolCall {
  readonly client: TriptychClient;
  readonly options: CallOptions;
}

/** A result twice: as data of the tool's output schema, and as text for whoever reads. */
export interface ToolAnswer {
  readonly structured: Record<string, unknown>;
  readonly text: string;
}

/** What hosts decide by whether somebody has to be asked first. */
export interface ToolHints {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** One thing that a model can ask the service for. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** JSON Schemas, of objects. */
  readonly inputSchema: Record<string, unknown>;
  readonly outputSchema: Record<string, unknown>;
  readonly hints: ToolHints;
  /**
   * @throws TriptychError invalid_request for arguments that do not fit, with their paths
   * @throws TriptychRequestError whatever the service says
   */
  run(input: unknown, call: ToolCall): Promise<ToolAnswer>;
}

export interface ToolDefinition<I extends z.ZodType, O extends z.ZodType> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Made of the wire's schemas, so that what is asked here is what the API takes. */
  readonly input: I;
  readonly output: O;
  readonly hints: ToolHints;
  run(input: z.output<I>, call: ToolCall): Promise<z.output<O>>;
  text(output: z.output<O>, input: z.output<I>): string;
}

/** Reads alone; of this catalogue, not of the world. */
export const reads: ToolHints = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

/** Writes what was not there, or the same again. */
export const adds: ToolHints = { ...reads, readOnlyHint: false };

/** Writes over, or deletes, what was there. */
export const overwrites: ToolHints = { ...adds, destructiveHint: true };

export function tool<I extends z.ZodType, O extends z.ZodType>(definition: ToolDefinition<I, O>): Tool {
  const { name, title, description, input, output, hints } = definition;
  return {
    ...{ name, title, description, hints },
    inputSchema: inlineSchema(input),
    // Clients compile it to check results, and rules stand in many places: half the size, a third of the work.
    outputSchema: inlineSchema(output, 'ref'),
    run: async (given, call) => {
      refuseDeep(given);
      const args = parseWith(input, given);
      const answer = await definition.run(args, call);
      return { structured: answer as Record<string, unknown>, text: definition.text(answer, args) };
    },
  };
}
