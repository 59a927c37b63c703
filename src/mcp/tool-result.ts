import type { CallToolResult } from '@modelcontextprotocol/server';
import { TriptychRequestError } from '../client/index.ts';
import { type FieldProblem, TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { firstChars } from '../std/first-chars.ts';
import type { ToolAnswer } from './tool.ts';

/** Where a result has the machine's side of an error: clients hold `structuredContent` to the tool's output schema. */
export const errorMetaKey = 'triptych/error';

/** A tool's answer as the protocol carries it. @throws TriptychError body_too_large */
export function resultOf({ structured, text }: ToolAnswer): CallToolResult {
  const bytes = Buffer.byteLength(JSON.stringify(structured));
  if (bytes > limits.mcpResultBytesMax)
    throw new TriptychError(
      'body_too_large',
      `the answer has ${bytes} bytes, and a result at most ${limits.mcpResultBytesMax}: ask for fewer results, or less of each`,
    );
  return { content: [{ type: 'text', text: cut(text) }], structuredContent: structured };
}

/** An error that a model can read and act on; of what is unexpected nothing is shown. */
export function errorResultOf(error: unknown): CallToolResult {
  const { code, message, retriable, fields } = describedError(error);
  // Where there is one problem, the message begins with its path.
  const more = fields.length < 2 ? [] : fields.map(({ path, message: what }) => `${path}: ${what}`);
  const hint = retriable ? ['The same call can succeed later.'] : [];
  return {
    isError: true,
    content: [{ type: 'text', text: cut([`${code}: ${message}`, ...more, ...hint].join('\n')) }],
    _meta: { [errorMetaKey]: { code, message, retriable, fields } },
  };
}

interface DescribedError {
  readonly code: string;
  readonly message: string;
  readonly retriable: boolean;
  readonly fields: readonly FieldProblem[];
}

function describedError(error: unknown): DescribedError {
  if (error instanceof TriptychError || error instanceof TriptychRequestError) {
    const { code, message, retriable, fields } = error;
    return { code, message, retriable, fields };
  }
  return { code: 'internal', message: 'an unexpected error', retriable: false, fields: [] };
}

/** Whether an error is for the log: a fault here, not in the call and not in the service. */
export function isUnexpected(error: unknown): boolean {
  return !(error instanceof TriptychError) && !(error instanceof TriptychRequestError);
}

function cut(text: string): string {
  if (text.length <= limits.mcpTextCharsMax) return text;
  const note = `\n[cut after ${limits.mcpTextCharsMax} characters; the structured result is whole]`;
  return `${firstChars(text, limits.mcpTextCharsMax)}${note}`;
}
