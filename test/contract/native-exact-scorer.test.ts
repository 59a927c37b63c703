import { eachNativeVariant } from '../support/native-variants.ts';
import { exactScorerContract } from './exact-scorer.contract.ts';

eachNativeVariant((name, { exactScorer }) => exactScorerContract(name, () => exactScorer));
