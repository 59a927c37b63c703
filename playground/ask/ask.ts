import type { Rule } from '../api/wire.ts';

/** A value of a facet that results must have. */
export interface FacetFilter {
  readonly facet: string;
  readonly value: string;
}

/** All that is asked: what the page shows follows from it, and it stands in the address. */
export interface Ask {
  readonly query: string;
  /** Empty: nobody. */
  readonly user: string;
  readonly context: string;
  /** Empty: the service's default profile. */
  readonly profile: string;
  /** The profile to compare with; empty: none. */
  readonly compare: string;
  readonly filters: readonly FacetFilter[];
  readonly rules: readonly Rule[];
  /** Documents to find more of. */
  readonly like: readonly string[];
  /** Results wanted, from 1. */
  readonly k: number;
  /** Milliseconds that the service may take. */
  readonly timeoutMs: number;
}

export const kStep = 10;
export const kMost = 100;

export const nothingAsked: Ask = {
  query: '',
  user: '',
  context: 'default',
  profile: '',
  compare: '',
  filters: [],
  rules: [],
  like: [],
  k: kStep,
  timeoutMs: 500,
};

/** Whether there is something to search for: the service wants a query, a user, a filter or documents. */
export function asksSomething({ query, user, filters, like }: Ask): boolean {
  return query.trim() !== '' || user !== '' || filters.length > 0 || like.length > 0;
}

export function hasFilter({ filters }: Ask, { facet, value }: FacetFilter): boolean {
  return filters.some((one) => one.facet === facet && one.value === value);
}

/** With the filter if it was not there, without it if it was; the list begins anew. */
export function toggleFilter(ask: Ask, filter: FacetFilter): Ask {
  const filters = hasFilter(ask, filter)
    ? ask.filters.filter(({ facet, value }) => facet !== filter.facet || value !== filter.value)
    : [...ask.filters, filter];
  return { ...ask, filters, k: kStep };
}
