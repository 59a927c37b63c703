import type { TenantRules } from '../domain/policy.ts';

/** The contexts that the demo declares, to try rules with. A film without a rating is in neither of the first two. */
export const movieRules: TenantRules = {
  rules: [],
  contexts: {
    kids: {
      description: 'For children: rated G or PG, no horror.',
      rules: [
        { kind: 'maxRating', field: 'mpaa', value: 'PG', missing: 'drop' },
        { kind: 'exclude', facet: 'genres', values: ['Horror'] },
        { kind: 'boost', facet: 'genres', values: ['Adventure', 'Musical'], by: 0.05 },
      ],
      preferences: {},
    },
    family: {
      description: 'For an evening together: up to PG-13, no two films of one director in a row.',
      rules: [
        { kind: 'maxRating', field: 'mpaa', value: 'PG-13', missing: 'drop' },
        { kind: 'spacing', facet: 'directors', gap: 1 },
      ],
      preferences: {},
    },
    classics: {
      description: 'Before 1980.',
      rules: [{ kind: 'range', field: 'year', lt: 1980, missing: 'drop' }],
      preferences: {},
    },
  },
};
