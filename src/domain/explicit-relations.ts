import { limits } from '../limits.ts';
import type { Relation } from './document.ts';

export interface Neighbour {
  readonly id: string;
  readonly type: string;
  readonly strength: number;
}

/**
 * The relations that documents declare. They are followed in both directions; the far end need not exist (yet), so
 * everything is kept by id and the caller decides which ids are live.
 */
export class ExplicitRelations {
  /** By source, each (type, target) once, with its greatest strength. */
  readonly #outgoing = new Map<string, readonly Relation[]>();
  /** Sources by target and type. */
  readonly #incoming = new Map<string, Map<string, Set<string>>>();

  /** Replaces what the document declared before. */
  set(id: string, relations: readonly Relation[]): void {
    this.remove(id);
    const distinct = new Map<string, Relation>();
    for (const relation of relations) {
      if (relation.id === id || !(relation.strength > 0)) continue;
      const key = `${relation.type}\0${relation.id}`;
      const other = distinct.get(key);
      if (other === undefined || relation.strength > other.strength) distinct.set(key, relation);
    }
    if (distinct.size === 0) return;
    this.#outgoing.set(id, [...distinct.values()]);
    for (const relation of distinct.values()) this.#sources(relation).add(id);
  }

  remove(id: string): void {
    for (const relation of this.#outgoing.get(id) ?? []) {
      const byType = this.#incoming.get(relation.id)!;
      const sources = byType.get(relation.type)!;
      sources.delete(id);
      if (sources.size === 0) byType.delete(relation.type);
      if (byType.size === 0) this.#incoming.delete(relation.id);
    }
    this.#outgoing.delete(id);
  }

  /** What the document itself declares. */
  declared(id: string): readonly Relation[] {
    return this.#outgoing.get(id) ?? [];
  }

  /**
   * Live neighbours in either direction, each (type, id) once with its greatest strength. A type that connects the
   * document with more than limits.relationDegreeMax live others is left out altogether.
   */
  neighbours(id: string, isLive: (id: string) => boolean): Neighbour[] {
    const byType = new Map<string, Map<string, number>>();
    const add = (type: string, other: string, strength: number) => {
      const strengths = byType.get(type) ?? new Map<string, number>();
      strengths.set(other, Math.max(strength, strengths.get(other) ?? 0));
      byType.set(type, strengths);
    };
    for (const { type, id: target, strength } of this.declared(id))
      if (isLive(target)) add(type, target, strength);
    const common = new Set<string>();
    for (const [type, sources] of this.#incoming.get(id) ?? []) {
      // Sources are live: a removed document takes its relations with it. Counted before they are walked.
      if (sources.size > limits.relationDegreeMax) common.add(type);
      else for (const source of sources) add(type, source, this.#strength(source, type, id));
    }
    const found: Neighbour[] = [];
    for (const [type, strengths] of byType) {
      if (common.has(type) || strengths.size > limits.relationDegreeMax) continue;
      for (const [other, strength] of strengths) found.push({ id: other, type, strength });
    }
    return found;
  }

  #strength(source: string, type: string, target: string): number {
    const declared = this.declared(source).find(
      (relation) => relation.type === type && relation.id === target,
    );
    return declared!.strength;
  }

  #sources({ id, type }: Relation): Set<string> {
    const byType = this.#incoming.get(id) ?? new Map<string, Set<string>>();
    this.#incoming.set(id, byType);
    const sources = byType.get(type) ?? new Set<string>();
    byType.set(type, sources);
    return sources;
  }
}
