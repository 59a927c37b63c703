/** What an API key may be good for. */
export const scopes = ['search', 'ingest', 'learn', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** Whether a key with the scopes `held` may do what one of `accepted` is needed for; `admin` may do everything. */
export function grants(held: readonly Scope[], accepted: readonly Scope[]): boolean {
  return held.some((scope) => scope === 'admin' || accepted.includes(scope));
}
