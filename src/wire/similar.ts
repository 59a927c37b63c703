import { z } from 'zod';
import type { SimilarAnswer } from '../domain/search-response.ts';
import { components } from './components.ts';
import { coverageSchema, coverageToWire } from './coverage.ts';
import { pathStepSchema, pathStepToWire } from './search-response.ts';

export const similarResponseSchema = z
  .strictObject({
    id: z.string(),
    results: z.array(
      z.strictObject({
        id: z.string(),
        rank: z.int().min(1),
        title: z.string(),
        score: z.number(),
        similarity: z.number().nullable(),
        path: z.array(pathStepSchema).nullable().meta({ description: 'The best path that connects them.' }),
        reasons: z.array(z.string()),
      }),
    ),
    coverage: coverageSchema,
    degraded: z.boolean().meta({ description: 'A leg did not answer, or neighbours could not be read.' }),
    request_id: z.string(),
  })
  .register(components, { id: 'SimilarResponse' });

export type WireSimilarResponse = z.output<typeof similarResponseSchema>;

export function similarToWire(
  id: string,
  { neighbours, coverage, degraded }: SimilarAnswer,
  requestId: string,
): WireSimilarResponse {
  return {
    id,
    results: neighbours.map((neighbour, index) => ({
      id: neighbour.id,
      rank: index + 1,
      title: neighbour.title,
      score: neighbour.score,
      similarity: neighbour.similarity,
      path: neighbour.path === null ? null : neighbour.path.map(pathStepToWire),
      reasons: [...neighbour.reasons],
    })),
    coverage: coverageToWire(coverage),
    degraded,
    request_id: requestId,
  };
}
