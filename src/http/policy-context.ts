import type { Triptych } from '../ports/triptych.ts';
import type { PolicyContext } from '../wire/policy.ts';
import { liveSchema } from './live-schema.ts';

/** What policies and rules are checked against. @throws TriptychError no_catalogue */
export function policyContext(triptych: Triptych, tenant: string): PolicyContext {
  const depths = triptych.profiles().map(({ rankDepth }) => rankDepth);
  return { schema: liveSchema(triptych, tenant), rankDepthMax: Math.max(...depths) };
}
