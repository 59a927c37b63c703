import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { rerankerContract } from './reranker.contract.ts';

rerankerContract('js', () => new JsReranker());
