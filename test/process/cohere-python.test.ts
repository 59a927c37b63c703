import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CohereServer,
  cohereDocuments as documents,
  startCohereServer,
} from '../support/cohere-server.ts';

/** The public Python client, unchanged, against the real service. */

const script = new URL('../clients/cohere_rerank.py', import.meta.url).pathname;
/** By scripts/python-clients.mjs. */
const pythonOf = (version: string) =>
  new URL(`../../build/cohere-${version}/bin/python`, import.meta.url).pathname;
const wanted = process.env.TRIPTYCH_TEST_PYTHON_CLIENTS === '1';

let server: CohereServer;
beforeAll(async () => {
  server = await startCohereServer();
}, 180_000);
afterAll(() => server.close());

const scored = (index: number, text: string | null = null) => ({
  index,
  relevance_score: expect.any(Number),
  text,
});

describe.each(['5', '7'])('cohere %s for Python', (version) => {
  const missing = !existsSync(pythonOf(version));
  it.skipIf(missing && !wanted)(
    missing ? 'works (skipped: `npm run build:python-clients` installs it)' : 'works',
    { timeout: 120_000 },
    async () => {
      const before = server.asked;
      server.refusals.push('overloaded', 'rate_limited');
      const { stdout } = await promisify(execFile)(pythonOf(version), [script, server.url, server.secret]);
      const told = JSON.parse(stdout);
      expect(told.client).toMatch(new RegExp(`^${version}\\.`));
      expect(told.v2).toMatchObject({ version: '2', results: [scored(1), scored(2)] });
      expect(told.v2.results[0].relevance_score).toBeGreaterThan(told.v2.results[1].relevance_score);
      expect(told.v1).toMatchObject({
        version: '1',
        results: [scored(1, documents[1]), scored(2, documents[2])],
      });
      expect(told.objects.results[0]).toEqual(scored(2, documents[2]!));
      expect(told.many.results).toHaveLength(120);
      expect(told.refused).toEqual({
        type: 'BadRequestError',
        status: 400,
        detail: 'documents: must not be empty',
      });
      expect(told.unauthorized).toMatchObject({ type: 'UnauthorizedError', status: 401 });
      // v2 with two repetitions, v1, objects, many.
      expect(server.asked - before).toBe(6);
    },
  );
});
