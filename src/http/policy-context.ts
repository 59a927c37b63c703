import type { PolicyContext } from '../wire/policy.ts';
import { liveSchema } from './preconditions.ts';
import type { HttpServices } from './route.ts';

/** What policies and rules are checked against. @throws TriptychError no_catalogue */
export function policyContext(services: Pick<HttpServices, 'triptych' | 'tenant'>): PolicyContext {
  const depths = services.triptych.profiles().map(({ rankDepth }) => rankDepth);
  return { schema: liveSchema(services), rankDepthMax: Math.max(...depths) };
}
