/**
 * Of which tenants an index has everything, and since when. Without an entry it is not known that it has; who has changed
 * is looked at until it is.
 */
export class TenantsInSync {
  /** When the look began that found nothing missing since the tenant's catalogue changed (monotonic milliseconds). */
  readonly #sinceMs = new Map<string, number>();
  /** Those of whom it is to be found out. */
  readonly #open = new Set<string>();

  changed(tenant: string): void {
    this.#sinceMs.delete(tenant);
    this.#open.add(tenant);
  }

  /** Since when the index has everything; undefined: it may not. */
  sinceMs(tenant: string): number | undefined {
    return this.#sinceMs.get(tenant);
  }

  /** Some of those of whom the index has everything, other ones each time until all had a turn. */
  takeSettled(most: number): readonly string[] {
    const taken = [...this.#sinceMs].slice(0, most);
    for (const [tenant, sinceMs] of taken) {
      this.#sinceMs.delete(tenant);
      this.#sinceMs.set(tenant, sinceMs);
    }
    return taken.map(([tenant]) => tenant);
  }

  /**
   * Looks at those of whom it is not known, `most` at a time; after a failure they are looked at again.
   * @param missing those of the given tenants of whom something is missing
   */
  async look(
    startMs: number,
    most: number,
    missing: (tenants: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<void> {
    const tenants = [...this.#open].slice(0, most);
    if (tenants.length === 0) return;
    for (const tenant of tenants) this.#open.delete(tenant);
    let behind: ReadonlySet<string> = new Set(tenants);
    try {
      behind = await missing(tenants);
    } finally {
      for (const tenant of tenants) {
        // One that changed while it was looked at is looked at again.
        if (behind.has(tenant)) this.#open.add(tenant);
        else if (!this.#open.has(tenant)) this.#sinceMs.set(tenant, startMs);
      }
    }
  }
}
