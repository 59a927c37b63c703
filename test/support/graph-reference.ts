import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import type { Seed, SupportedDocument } from '../../src/domain/graph-recall.ts';
import type { PathStep, Relationship } from '../../src/domain/search-response.ts';

/** The formulas of docs/ranking.md, "Graph", computed from scratch for every pair of documents. */

const degreeMax = 100;
const edgesMax = 20;
const supportMax = 1_000;

const byId = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const valuesOf = (document: StoredDocument, facet: string) => new Set(document.facets[facet] ?? []);

export class ReferenceGraph {
  readonly #schema: CatalogueSchema;
  readonly #documents: ReadonlyMap<string, StoredDocument>;
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(schema: CatalogueSchema, documents: readonly StoredDocument[]) {
    this.#schema = schema;
    this.#documents = new Map(documents.map((document) => [document.id, document]));
    for (const { facet } of schema.relations) {
      const counts = new Map<string, number>();
      for (const document of documents)
        for (const value of valuesOf(document, facet)) counts.set(value, (counts.get(value) ?? 0) + 1);
      this.#counts.set(facet, counts);
    }
  }

  relationships(id: string): Relationship[] {
    const document = this.#documents.get(id);
    if (document === undefined) return [];
    const declared = new Map<string, Relationship>();
    for (const { type, id: target, strength } of document.relations) {
      if (target === id || strength <= 0 || !this.#documents.has(target)) continue;
      const known = declared.get(`${type} ${target}`);
      if (known === undefined || known.strength < strength)
        declared.set(`${type} ${target}`, { type, id: target, strength });
    }
    const similar = this.#similar(id).map(({ type, to, strength }) => ({ type, id: to, strength }));
    return [...declared.values(), ...similar].sort(
      (a, b) => b.strength - a.strength || byId(a.id, b.id) || byId(a.type, b.type),
    );
  }

  recall(seeds: readonly Seed[]): SupportedDocument[] {
    const weights = new Map<string, number>();
    for (const { id, weight } of seeds)
      if (this.#documents.has(id))
        weights.set(id, Math.max(weights.get(id) ?? 0, Math.min(1, Math.max(0, weight))));
    const sorted = [...weights].sort(([a], [b]) => byId(a, b));
    const support: SupportedDocument[] = [];
    for (const id of this.#documents.keys()) {
      if (weights.has(id)) continue;
      const paths = sorted
        .map(([seed, weight]) => ({ weight, ...this.#best(seed, id) }))
        .filter(({ path }) => path.length > 0);
      const strength = 1 - paths.reduce((product, path) => product * (1 - path.weight * path.strength), 1);
      // The first of the best: seeds are in the order of their ids; a shorter path wins over a longer one.
      const [first] = [...paths].sort(
        (a, b) => b.weight * b.strength - a.weight * a.strength || a.path.length - b.path.length,
      );
      if (strength > 0) support.push({ id, strength, path: first!.path });
    }
    return support.sort((a, b) => b.strength - a.strength || byId(a.id, b.id)).slice(0, supportMax);
  }

  #best(from: string, to: string): { readonly strength: number; readonly path: readonly PathStep[] } {
    const first = this.#edges(from);
    let best: { strength: number; path: PathStep[] } = { strength: 0, path: [] };
    const direct = first.find((step) => step.to === to);
    if (direct !== undefined) best = { strength: direct.strength, path: [direct] };
    for (const step of [...first].sort((a, b) => byId(a.to, b.to))) {
      const second = this.#edges(step.to).find((next) => next.to === to);
      if (second === undefined) continue;
      const strength = 0.5 * step.strength * second.strength;
      if (strength > best.strength) best = { strength, path: [step, second] };
    }
    return best;
  }

  /** The strongest edge to each neighbour. */
  #edges(id: string): PathStep[] {
    const edges = new Map<string, PathStep>();
    for (const step of [...this.#similar(id), ...this.#declared(id)]) {
      const known = edges.get(step.to);
      const better =
        known === undefined ||
        step.strength > known.strength ||
        (step.strength === known.strength && byId(step.type, known.type) < 0);
      if (better) edges.set(step.to, step);
    }
    return [...edges.values()];
  }

  #declared(id: string): PathStep[] {
    const byType = new Map<string, Map<string, number>>();
    for (const document of this.#documents.values()) {
      for (const { type, id: target, strength } of document.relations) {
        if (target === document.id || strength <= 0 || !this.#documents.has(target)) continue;
        const other = document.id === id ? target : target === id ? document.id : null;
        if (other === null) continue;
        const strengths = byType.get(type) ?? new Map<string, number>();
        strengths.set(other, Math.max(strength, strengths.get(other) ?? 0));
        byType.set(type, strengths);
      }
    }
    const steps = [...byType]
      .filter(([, strengths]) => strengths.size <= degreeMax)
      .flatMap(([type, strengths]) =>
        [...strengths].map(([to, strength]) => ({ type, from: id, to, strength })),
      );
    return steps
      .sort((a, b) => b.strength - a.strength || byId(a.to, b.to) || byId(a.type, b.type))
      .slice(0, degreeMax);
  }

  #similar(id: string): PathStep[] {
    const document = this.#documents.get(id)!;
    const steps: PathStep[] = [];
    for (const other of this.#documents.values()) {
      if (other.id === id) continue;
      let product = 1;
      const shared = new Map<string, string[]>();
      for (const { facet, strength } of this.#schema.relations) {
        const theirs = valuesOf(other, facet);
        for (const value of [...valuesOf(document, facet)].sort(byId)) {
          const count = this.#counts.get(facet)!.get(value)!;
          if (!theirs.has(value) || count > degreeMax) continue;
          product *= 1 - (strength * Math.log((degreeMax + 1) / (count - 1))) / Math.log(degreeMax + 1);
          shared.set(facet, [...(shared.get(facet) ?? []), value]);
        }
      }
      if (product < 1) {
        const values = [...shared].map(([facet, texts]) => ({ facet, values: texts }));
        steps.push({ type: 'SIMILAR_TO', from: id, to: other.id, strength: 1 - product, shared: values });
      }
    }
    return steps.sort((a, b) => b.strength - a.strength || byId(a.to, b.to)).slice(0, edgesMax);
  }
}
