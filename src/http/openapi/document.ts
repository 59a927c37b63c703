import { componentSchemas } from '../../wire/components.ts';
// Imported for its registration: every error answers with it.
import '../../wire/problem.ts';
import type { Route } from '../route.ts';
import { headers, operationObject, parameters, securitySchemes } from './operation.ts';

/** The OpenAPI 3.1 document of the routes: made from the same schemas that requests are parsed with. */
export function openApiDocument(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method] = operationObject(route);
    paths[route.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Triptych',
      version,
      description:
        'Hybrid search and re-ranking: vector recall, graph facts and words, fused by one explained scorer inside a ' +
        'deadline. Members and parameters that are not named here are refused. Every error is problem+json. ' +
        'Where the service runs with API keys, an operation needs one with the scope that its `security` names.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'search', description: 'Questions.' },
      { name: 'policy', description: 'Who is asking, and under which rules.' },
      { name: 'documents', description: 'What is searched.' },
      { name: 'catalogue', description: 'What documents look like.' },
      { name: 'operations', description: 'For those who run the service.' },
    ],
    paths,
    components: { schemas: componentSchemas(), parameters, headers, securitySchemes },
  };
}
