import { z } from 'zod';
import type { Catalogue } from '../domain/catalogue-schema.ts';
import { type Epoch, epochKey } from '../domain/epoch.ts';
import type { Profile } from '../domain/profile.ts';
import type { FacetCount } from '../domain/search-response.ts';
import { signalNames } from '../domain/signal.ts';
import { catalogueSchemaSchema, catalogueSchemaToWire } from './catalogue.ts';
import { components } from './components.ts';
import { defaultProfile } from './search.ts';
import { facetCountsSchema, facetCountsToWire } from './search-response.ts';

/** Answer of `PUT /v1/catalogue`. */
export const catalogueAckSchema = z
  .strictObject({ schema: catalogueSchemaSchema, generation: z.int().min(1), request_id: z.string() })
  .register(components, { id: 'CatalogueAck' });

/** Answer of `GET /v1/catalogue`. */
export const catalogueStatusSchema = z
  .strictObject({
    schema: catalogueSchemaSchema,
    generation: z.int().min(1),
    documents: z.int().min(0),
    epoch: z.string().meta({ description: 'Equal epochs mean equal content on any replica.' }),
    facets: facetCountsSchema.meta({ description: 'Most frequent values of each facet.' }),
    request_id: z.string(),
  })
  .register(components, { id: 'CatalogueStatus' });

export function catalogueStatusToWire(
  status: {
    readonly catalogue: Catalogue;
    readonly documents: number;
    readonly epoch: Epoch;
    readonly facets: Readonly<Record<string, readonly FacetCount[]>>;
  },
  requestId: string,
): z.output<typeof catalogueStatusSchema> {
  return {
    ...catalogueToWire(status.catalogue, requestId),
    documents: status.documents,
    epoch: epochKey(status.epoch),
    facets: facetCountsToWire(status.facets),
  };
}

export function catalogueToWire(
  catalogue: Catalogue,
  requestId: string,
): z.output<typeof catalogueAckSchema> {
  return {
    schema: catalogueSchemaToWire(catalogue.schema),
    generation: catalogue.generation,
    request_id: requestId,
  };
}

const profileSchema = z
  .strictObject({
    name: z.string(),
    version: z.int(),
    description: z.string(),
    formula: z.enum(['linear', 'multiplicative', 'rrf']),
    weights: z.record(z.enum(signalNames), z.number()),
    fusion: z.strictObject({ vector: z.number(), lexical: z.number(), graph: z.number(), c: z.number() }),
    lexical_midpoint: z.number(),
    recency_half_life_days: z.number(),
    facet_weights: z.record(z.string(), z.number()),
    product_clamp: z.strictObject({ min: z.number(), max: z.number() }),
    leg_depth: z.int(),
    rank_depth: z.int(),
    policy_required: z.boolean().meta({
      description: 'true: 503 where the policy store does not answer, instead of an answer without policy.',
    }),
    diversity: z.number(),
  })
  .register(components, { id: 'Profile' });

export const profilesSchema = z
  .strictObject({
    profiles: z.array(profileSchema),
    default: z.string().meta({ description: 'Ranks requests that name none.' }),
    request_id: z.string(),
  })
  .register(components, { id: 'Profiles' });

export function profilesToWire(
  profiles: readonly Profile[],
  requestId: string,
): z.output<typeof profilesSchema> {
  return { profiles: profiles.map(profileToWire), default: defaultProfile, request_id: requestId };
}

function profileToWire(profile: Profile): z.output<typeof profileSchema> {
  return {
    name: profile.name,
    version: profile.version,
    description: profile.description,
    formula: profile.formula,
    weights: { ...profile.weights },
    fusion: { ...profile.fusion },
    lexical_midpoint: profile.lexicalMidpoint,
    recency_half_life_days: profile.recencyHalfLifeDays,
    facet_weights: { ...profile.facetWeights },
    product_clamp: { ...profile.productClamp },
    leg_depth: profile.legDepth,
    rank_depth: profile.rankDepth,
    policy_required: profile.policyRequired,
    diversity: profile.diversity,
  };
}

export const healthSchema = z
  .strictObject({
    ready: z.boolean(),
    parts: z.record(z.string(), z.strictObject({ ok: z.boolean(), reason: z.string().optional() })),
  })
  .register(components, { id: 'Health' });

/** Answer of `GET /livez`. */
export const liveSchema = z.strictObject({ live: z.literal(true) });

/** Answer of `GET /`. */
export const indexSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  routes: z.array(z.strictObject({ method: z.string(), path: z.string(), summary: z.string() })),
});
