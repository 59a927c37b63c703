import * as cohere7 from 'cohere-ai-7';
import * as cohere8 from 'cohere-ai-8';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { limits } from '../../src/limits.ts';
import {
  type CohereServer,
  cohereDocuments as documents,
  cohereQuery as query,
  startCohereServer,
} from '../support/cohere-server.ts';

/** The public client, unchanged, against the real service: nothing is told but the address and a key. */

let server: CohereServer;
beforeAll(async () => {
  server = await startCohereServer();
}, 180_000);
afterAll(() => server.close());

const first = { index: 1, relevanceScore: expect.any(Number) };

describe.each([
  ['7', cohere7 as unknown as typeof cohere8],
  ['8', cohere8],
])('cohere-ai %s', (_, cohere) => {
  const open = (token = server.secret) => ({
    v1: new cohere.CohereClient({ token, environment: server.url }),
    v2: new cohere.CohereClientV2({ token, environment: server.url }),
  });

  it('ranks texts with both of its clients', async () => {
    const { v1, v2 } = open();
    const two = await v2.rerank({ model: 'any', query, documents, topN: 2 });
    expect(two.results).toEqual([first, { index: 2, relevanceScore: expect.any(Number) }]);
    expect(two.results[0]!.relevanceScore).toBeGreaterThan(two.results[1]!.relevanceScore);
    expect(two.results[0]!.relevanceScore).toBeLessThanOrEqual(1);
    expect([typeof two.id, two.meta?.apiVersion?.version]).toEqual(['string', '2']);
    const one = await v1.rerank({ query, documents, topN: 1, returnDocuments: true });
    expect(one.results).toEqual([{ ...first, document: { text: documents[1] } }]);
    expect(one.meta?.apiVersion?.version).toBe('1');
  });

  it('sends objects and what is to be read of them', async () => {
    const objects = documents.map((text, i) => ({ text, title: `Number ${i}` }));
    const rankFields = ['title', 'text'];
    const { results } = await open().v1.rerank({
      ...{ model: 'any', query: 'Number 2', documents: objects, rankFields },
      ...{ returnDocuments: true, maxChunksPerDoc: 1 },
    });
    expect(results[0]).toEqual({ index: 2, relevanceScore: expect.any(Number), document: objects[2] });
    expect(results).toHaveLength(3);
  });

  it('reads an answer that has warnings, and finds nothing wrong with it', async () => {
    const warned = vi.spyOn(console, 'warn');
    const many = Array.from({ length: limits.rerankEmbeddedTextsMax + 1 }, (_, i) => `robot ${i}`);
    const answer = await open().v2.rerank({ model: 'any', query, documents: many, maxTokensPerDoc: 100 });
    expect(answer.results).toHaveLength(many.length);
    expect(answer.meta?.warnings).toEqual([expect.stringContaining('by their words alone')]);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it('says what is wrong with a request', async () => {
    const refused = open().v2.rerank({ model: 'any', query, documents: [] });
    await expect(refused).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('documents: must not be empty'),
      body: { code: 'invalid_request', fields: [{ path: 'documents', message: 'must not be empty' }] },
    });
    await expect(refused).rejects.toBeInstanceOf(cohere.Cohere.BadRequestError);
    const stranger = open('nobody').v1.rerank({ query, documents });
    await expect(stranger).rejects.toBeInstanceOf(cohere.Cohere.UnauthorizedError);
    await expect(stranger).rejects.toMatchObject({ statusCode: 401, body: { code: 'unauthenticated' } });
  });

  it('tries again what it is told to try again', { timeout: 30_000 }, async () => {
    const before = server.asked;
    server.refusals.push('overloaded', 'rate_limited');
    const { results } = await open().v2.rerank({ model: 'any', query, documents, topN: 1 });
    expect(results).toEqual([first]);
    expect(server.asked - before).toBe(3);
    server.refusals.push('overloaded');
    const once = open().v2.rerank({ model: 'any', query, documents }, { maxRetries: 0 });
    await expect(once).rejects.toBeInstanceOf(cohere.Cohere.ServiceUnavailableError);
  });
});
