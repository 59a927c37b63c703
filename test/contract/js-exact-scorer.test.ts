import { jsExactScorer } from '../../src/adapters/js/js-exact-scorer.ts';
import { exactScorerContract } from './exact-scorer.contract.ts';

exactScorerContract('js', () => jsExactScorer);
