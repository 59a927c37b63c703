import { planStatsSchema, planStatsToWire } from '../../wire/plan-stats.ts';
import { profilesSchema, profilesToWire } from '../../wire/status.ts';
import type { Route } from '../route.ts';

const profiles: Route = {
  method: 'get',
  path: '/v1/profiles',
  scope: 'any',
  operation: {
    id: 'profiles',
    summary: 'Ranking profiles: formulas, weights and depths.',
    tag: 'search',
    answers: { 200: { description: 'All profiles.', schema: profilesSchema } },
    errors: [],
  },
  handle: async (exchange, _inputs, { triptych }) => ({
    status: 200,
    json: profilesToWire(triptych.profiles(), exchange.requestId),
  }),
};

const planStats: Route = {
  method: 'get',
  path: '/v1/plan/stats',
  scope: ['admin'],
  operation: {
    id: 'planStats',
    summary:
      'What was measured: latency of legs and stages for the planner, scoring backends for their choice.',
    tag: 'search',
    answers: {
      200: {
        description: 'Latency by leg and stage; backends and their calibrations.',
        schema: planStatsSchema,
      },
    },
    errors: [],
  },
  handle: async (exchange, _inputs, { triptych }) => ({
    status: 200,
    json: planStatsToWire(triptych.planStats(), exchange.requestId),
  }),
};

export const statusRoutes: readonly Route[] = [profiles, planStats];
