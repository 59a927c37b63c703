export { seededRandom as random } from '../src/std/seeded-random.ts';
