/**
 * Remembers for each object what was made of it last, and what else that was made from. Forgets with the object; the same
 * is made anew where anything else differs.
 */
export class LastMade<Of extends object, Made> {
  readonly #last = new WeakMap<Of, { readonly from: readonly unknown[]; readonly made: Made }>();

  /** Whether `get` would make nothing. */
  has(of: Of, from: readonly unknown[]): boolean {
    return this.#last.get(of)?.from.every((one, i) => one === from[i]) ?? false;
  }

  /** @param from everything besides `of` that `make` depends on, compared by identity */
  get(of: Of, from: readonly unknown[], make: () => Made): Made {
    const last = this.#last.get(of);
    if (last?.from.every((one, i) => one === from[i])) return last.made;
    const made = make();
    this.#last.set(of, { from, made });
    return made;
  }
}
