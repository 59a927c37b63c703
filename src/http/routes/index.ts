import type { Route } from '../route.ts';
import { bulk } from './bulk.ts';
import { catalogueRoutes } from './catalogue.ts';
import { documentRoutes } from './documents.ts';
import { events } from './events.ts';
import { operationRoutes } from './operations.ts';
import { policyRoutes } from './policy.ts';
import { rerankRoutes } from './rerank.ts';
import { ruleRoutes } from './rules.ts';
import { searchRoutes } from './search.ts';
import { similar } from './similar.ts';
import { statusRoutes } from './status.ts';
import { userRoutes } from './users.ts';

/** Every route, in the order in which they are tried: `bulk` before the ids it would be taken for. */
export const routes: readonly Route[] = [
  ...searchRoutes,
  ...rerankRoutes,
  similar,
  ...policyRoutes,
  ...ruleRoutes,
  events,
  ...userRoutes,
  bulk,
  ...documentRoutes,
  ...catalogueRoutes,
  ...statusRoutes,
  ...operationRoutes,
];
