import type { BackendName } from '../ports/reranker.ts';

/** Serve what was not measured yet and what another backend failed at, in this order. */
export const fallbacks: readonly BackendName[] = ['native', 'js'];

export function isFallback(name: BackendName): boolean {
  return fallbacks.includes(name);
}
