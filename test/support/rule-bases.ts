/** One rule of each kind, right for the schema of fake-triptych. */
export const ruleBases = [
  { kind: 'exclude', facet: 'genres', values: ['Horror'] },
  { kind: 'require', facet: 'genres', any: ['Comedy', 'Drama'] },
  { kind: 'require', facet: 'tags', all: ['robot'], missing: 'keep' },
  { kind: 'range', field: 'year', gte: 1990, lt: 2000 },
  { kind: 'range', field: 'released', gt: '1990-01-01', lte: '1999-12-31T23:59:59Z', missing: 'drop' },
  { kind: 'idsOnly', ids: ['a', 'b'] },
  { kind: 'idsExclude', ids: ['c'] },
  { kind: 'hideSeen' },
  { kind: 'maxRating', field: 'mpaa', value: 'PG' },
  { kind: 'freshness', field: 'released', max_age_days: 3650 },
  { kind: 'boost', facet: 'genres', values: ['Drama'], by: 0.1 },
  { kind: 'bury', facet: 'tags', values: ['war'], by: 0.5 },
  { kind: 'pin', id: 'a', rank: 1 },
  { kind: 'quota', facet: 'genres', max: 1, within: 10 },
  { kind: 'minShare', facet: 'genres', value: 'Drama', share: 0.2, within: 10 },
  { kind: 'spacing', facet: 'tags', gap: 3 },
] as const;
