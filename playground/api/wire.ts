/** What the API takes and answers, from the schemas that it parses with. Types alone: nothing of the service is bundled. */
import type { z } from 'zod';
import type { WireExplainResponse } from '../../src/wire/explain.ts';
import type { policyResponseSchema } from '../../src/wire/policy.ts';
import type { WireRule, WireSourcedRule } from '../../src/wire/rule.ts';
import type { WireSearchRequest } from '../../src/wire/search.ts';
import type { WireSearchResponse } from '../../src/wire/search-response.ts';
import type { catalogueStatusSchema, profilesSchema } from '../../src/wire/status.ts';
import type { tenantRulesResponseSchema } from '../../src/wire/tenant-rules.ts';

export type SearchBody = WireSearchRequest;
export type Answer = WireSearchResponse;
export type Result = Answer['results'][number];
export type Signals = NonNullable<Result['signals']>;
export type SignalName = keyof Signals;
export type Plan = NonNullable<Answer['plan']>;
export type Coverage = Answer['coverage'];
export type Explanation = WireExplainResponse;
export type Rule = WireRule;
export type SourcedRule = WireSourcedRule;
export type Catalogue = z.output<typeof catalogueStatusSchema>;
export type Profiles = z.output<typeof profilesSchema>;
export type TenantRules = z.output<typeof tenantRulesResponseSchema>;
export type Policy = z.output<typeof policyResponseSchema>;

/** A problem document, as far as the page reads it; also made by the page where no answer came. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** Whether the same request can succeed later. */
  readonly retriable: boolean;
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
  readonly request_id?: string;
}
