import { eachNativeVariant } from '../support/native-variants.ts';
import { rerankerContract } from './reranker.contract.ts';

eachNativeVariant((name, { reranker }) => rerankerContract(name, () => reranker));
