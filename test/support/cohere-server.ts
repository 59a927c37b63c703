import { TriptychError } from '../../src/errors.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { type HttpHarness, startHttp } from './http-harness.ts';
import { bearer, testKey, withKeys } from './keys.ts';
import { startWholeService } from './whole-service.ts';

/** What clients of rerank APIs are tested with: the real service, which is busy when it is told to be. */
export interface CohereServer extends HttpHarness<Triptych> {
  /** Of the one key. */
  readonly secret: string;
  /** What the next requests are refused with, in order. */
  readonly refusals: ('overloaded' | 'rate_limited')[];
  /** Bodies of rerank requests that were answered or refused. */
  asked: number;
}

export async function startCohereServer(): Promise<CohereServer> {
  const whole = await startWholeService();
  const key = testKey('cohere', { scopes: ['search'] });
  const refusals: CohereServer['refusals'] = [];
  const triptych: Triptych = {
    ...whole.triptych,
    rerankTexts: (...given) => {
      server.asked++;
      const code = refusals.shift();
      if (code !== undefined)
        throw new TriptychError(code, 'come back in a second', { retryAfterSeconds: 1 });
      return whole.triptych.rerankTexts(...given);
    },
  };
  const http = await startHttp(triptych, undefined, withKeys(key));
  const server: CohereServer = {
    ...http,
    secret: bearer(key).authorization!.slice('Bearer '.length),
    refusals,
    asked: 0,
    async close() {
      await http.close();
      await whole.close();
    },
  };
  return server;
}

export const cohereQuery = 'Where is a robot lonely?';
export const cohereDocuments = [
  'A garden in the spring.',
  'A lonely robot drifts through space.',
  'Robots at work.',
];
