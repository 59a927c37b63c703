import type { Agent } from 'node:http';
import { request } from 'node:http';
import { expect } from 'vitest';
import { errorCatalogue } from '../../src/errors.ts';
import { problemSchema } from '../../src/wire/problem.ts';

export interface Sent {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** One request over a connection of the agent. */
export function send(
  { agent, port }: { readonly agent: Agent; readonly port: number },
  method: string,
  path: string,
  body: string | Buffer,
  headers: Record<string, string>,
): Promise<Sent> {
  return new Promise((resolve, reject) => {
    const req = request({ port, host: '127.0.0.1', method, path, agent, headers }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          type: String(res.headers['content-type']),
          text: Buffer.concat(chunks).toString(),
        }),
      );
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}

export const json = { 'content-type': 'application/json' };

/** Codes that are about a place in the input, which they must name. */
const fieldCodes = new Set([
  ...['invalid_json', 'invalid_request', 'invalid_document', 'invalid_schema', 'unknown_field'],
  ...['unknown_profile', 'wrong_dimension', 'unsupported_media_type', 'body_too_large'],
]);

/** How a library says what is wrong, which is not how the service does. */
export const libraryWords = /^(Invalid|Too (big|small)|Unrecognized|Expected) |, received /;

/** A problem of the catalogue that is no fault of the service, shows nothing of it, and names places. */
export function checkProblem(value: unknown): void {
  const problem = problemSchema.parse(value);
  expect(problem.status).toBe(errorCatalogue[problem.code].status);
  expect(problem.status).toBeLessThan(500);
  expect(JSON.stringify(problem)).not.toMatch(/node_modules|\.ts:\d|ZodError|SyntaxError|TypeError/);
  if (!fieldCodes.has(problem.code)) return;
  expect(problem.fields?.length).toBeGreaterThan(0);
  for (const { path, message } of problem.fields ?? []) {
    expect(path !== '' && message !== '').toBe(true);
    expect(message).not.toMatch(libraryWords);
  }
}

/** A success, or a problem as above. */
export function check(answer: Sent): void {
  expect(answer.status).toBeLessThan(500);
  if (answer.status < 400) return;
  expect(answer.type).toBe('application/problem+json; charset=utf-8');
  checkProblem(JSON.parse(answer.text));
}
