import { setTimeout } from 'node:timers/promises';
import { type ComposedTriptych, defaultTenant } from '../src/compose.ts';
import type { DocumentInput } from '../src/domain/document.ts';
import type { Policy } from '../src/domain/policy.ts';
import type { Rule } from '../src/domain/rule.ts';
import type { EventType, UserEvent } from '../src/domain/user-event.ts';
import type { BenchCatalogue } from './catalogue.ts';

const excludedGenre = 'Horror';
const earliestMs = Date.UTC(1960, 0, 1);

/** Rules of every kind that fit films and generated documents alike; the two pins are documents that they let pass. */
export function richPolicy({ documents }: BenchCatalogue): Policy {
  const pins = documents
    .filter(({ facets, fields }) => {
      const released = fields.released;
      const recent = typeof released === 'string' && Date.parse(released) >= earliestMs;
      return recent && !(facets.genres ?? []).includes(excludedGenre);
    })
    .slice(0, 2);
  const constraints: Rule[] = [
    { kind: 'range', field: 'released', gte: earliestMs, missing: 'drop' },
    { kind: 'exclude', facet: 'genres', values: [excludedGenre] },
    { kind: 'hideSeen' },
    { kind: 'boost', facet: 'genres', values: ['Comedy'], by: 0.1 },
    { kind: 'bury', facet: 'genres', values: ['Western'], by: 0.05 },
    { kind: 'quota', facet: 'genres', max: 4, within: 10 },
    { kind: 'spacing', facet: 'directors', gap: 3 },
    ...pins.map(({ id }, i): Rule => ({ kind: 'pin', id, rank: 1 + 3 * i })),
  ];
  return {
    preferences: { genres: { Comedy: 0.8, Fantasy: 0.5, Western: -0.6 } },
    constraints,
    learningRate: null,
    explorationRate: null,
  };
}

const types: readonly EventType[] = ['view', 'complete', 'like', 'view', 'dislike'];
const hourMs = 3_600_000;

/** What a user has done with `count` different documents: all of them seen, most of them liked a little. */
export function historyOf(user: string, { documents }: BenchCatalogue, count: number): UserEvent[] {
  // Not the first ones: those are pinned.
  const step = Math.max(1, Math.floor((documents.length - 20) / count));
  return Array.from({ length: count }, (_, i) =>
    eventOf(`${user}-h${i}`, user, documents[20 + i * step]!, i),
  );
}

/** An event whose type goes with `i`; times lie `i` hours back. */
export function eventOf(eventId: string, user: string, document: DocumentInput, i: number): UserEvent {
  return {
    eventId,
    user,
    document: document.id,
    type: types[i % types.length]!,
    value: null,
    context: null,
    atMs: Date.now() - (i % 1_000) * hourMs,
    requestId: null,
  };
}

/** Writes the policy, acknowledges the events, and waits until they are part of what is known about the user. */
export async function introduce(
  { service }: ComposedTriptych,
  user: string,
  policy: Policy | null,
  events: readonly UserEvent[],
): Promise<void> {
  if (policy !== null) await service.putPolicy(defaultTenant, user, 'default', policy, undefined);
  if (events.length === 0) return;
  await service.recordEvents(defaultTenant, events);
  const endMs = performance.now() + 30_000;
  for (let seen = 0; seen < events.length; await setTimeout(20)) {
    for await (const record of service.exportUser(defaultTenant, user))
      if (record.kind === 'state') seen = record.seen.length;
    if (performance.now() > endMs)
      throw new Error(`of ${events.length} events ${seen} are applied after 30 s`);
  }
}
