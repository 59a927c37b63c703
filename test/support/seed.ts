import fc from 'fast-check';

/** The run's seed, chosen and printed by build.ts. To run a failure again: TRIPTYCH_TEST_SEED=<seed> npm test */
export const seed = Number(process.env.TRIPTYCH_TEST_SEED);
fc.configureGlobal({ seed });
