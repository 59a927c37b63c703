import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DocumentChange } from '../../src/domain/document.ts';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import type { SyncClaim, SyncLog } from '../../src/ports/sync-log.ts';
import { put, remove } from './document-store-subject.ts';
import { idOf, type SyncUnderTest } from './sync-log-subject.ts';

const leaseMs = 60_000;
const ids = ['a', 'b', 'c', 'd'];

type WriterStep =
  | { readonly kind: 'write'; readonly id: string }
  | { readonly kind: 'delete'; readonly id: string }
  | { readonly kind: 'expire' }
  | { readonly kind: 'requeue'; readonly id: string };

type WorkerStep =
  | { readonly kind: 'claim'; readonly worker: number; readonly limit: number }
  /** The worker writes what it holds into the index; recording it is a step of its own. */
  | { readonly kind: 'apply'; readonly worker: number }
  | { readonly kind: 'record'; readonly worker: number }
  | { readonly kind: 'fail'; readonly worker: number; readonly retryInMs: number }
  | { readonly kind: 'crash'; readonly worker: number };

type Step = WriterStep | WorkerStep;

const worker = fc.nat(1);
const id = fc.constantFrom(...ids);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), id }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      worker,
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('apply' as const), worker }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('record' as const), worker }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      worker,
      retryInMs: fc.constantFrom(0, 30_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), worker }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'expire' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('requeue' as const), id }) },
);

export const stepsArbitrary = fc.array(step, { minLength: 1, maxLength: 40 });

/** One document and one worker that never fails: the shortest way to most mistakes. */
export const fewStepsArbitrary: fc.Arbitrary<Step[]> = fc.array(
  fc.constantFrom<Step>(
    { kind: 'write', id: 'a' },
    { kind: 'claim', worker: 0, limit: 1 },
    { kind: 'apply', worker: 0 },
    { kind: 'record', worker: 0 },
  ),
  { minLength: 5, maxLength: 10 },
);

/** What an index that can tell versions apart holds: the newest version of each id that it was given. */
class IndexModel {
  readonly entries = new Map<string, string>();
  readonly #versions = new Map<string, number>();

  apply(changes: readonly DocumentChange[]): void {
    for (const change of changes) {
      const version = change.kind === 'put' ? change.document.version : change.version;
      if (version < (this.#versions.get(idOf(change)) ?? 0)) continue;
      // A delete of what the truth has forgotten is newer than anything there is, not than what comes.
      if (version < Number.MAX_SAFE_INTEGER) this.#versions.set(idOf(change), version);
      this.entries.set(idOf(change), change.kind === 'put' ? `+${version} ${change.document.title}` : '-');
    }
  }
}

interface Held {
  claim: SyncClaim | null;
  applied: boolean;
}

/** One catalogue, two workers that bring it into one index, and what that index has. */
class History {
  readonly #tested: SyncUnderTest;
  readonly #key: CatalogueKey;
  readonly #index = new IndexModel();
  readonly #held: readonly Held[] = [0, 1].map(() => ({ claim: null, applied: false }));
  readonly #written = new Set<string>();
  #writes = 0;

  constructor(tested: SyncUnderTest, key: CatalogueKey) {
    this.#tested = tested;
    this.#key = key;
  }

  async take(step: Step): Promise<void> {
    const { log, documents, subject } = this.#tested;
    const { tenant, generation } = this.#key;
    switch (step.kind) {
      case 'write':
        this.#written.add(step.id);
        await documents.write(tenant, generation, [put(step.id, { title: `write ${this.#writes++}` })]);
        return;
      case 'delete':
        await documents.write(tenant, generation, [remove(step.id)]);
        return;
      case 'expire':
        await subject.passMs(leaseMs + 1_000);
        return;
      case 'requeue':
        await log.requeue('milvus', this.#key, [step.id]);
        return;
      default:
        await this.#work(step, subject.workers[step.worker]!, this.#held[step.worker]!);
    }
  }

  async #work(step: WorkerStep, log: SyncLog, held: Held): Promise<void> {
    const { claim } = held;
    switch (step.kind) {
      case 'claim':
        // A worker that still holds something has crashed and begun anew.
        held.claim = await log.claim('milvus', step.limit, leaseMs);
        held.applied = false;
        return;
      case 'apply':
        if (claim !== null) this.#index.apply(claim.changes);
        held.applied = claim !== null;
        return;
      case 'record':
        if (claim === null || !held.applied) return;
        await log.applied(claim);
        held.claim = null;
        return;
      case 'fail':
        if (claim !== null) await log.failed(claim, 'unavailable', step.retryInMs);
        held.claim = null;
        return;
      case 'crash':
        held.claim = null;
    }
  }

  /** Whoever holds something has crashed; another worker brings everything in. */
  async settle(): Promise<void> {
    const { log, subject } = this.#tested;
    await subject.passMs(leaseMs + 1_000);
    for (let some = await log.claim('milvus', 2, leaseMs); some !== null; ) {
      this.#index.apply(some.changes);
      expect(await log.applied(some)).toBe(true);
      some = await log.claim('milvus', 2, leaseMs);
    }
    expect(await log.lag('milvus', this.#key)).toEqual({ pending: 0, oldestEpochMs: null, parked: 0 });
  }

  async compare(): Promise<void> {
    const { tenant, generation } = this.#key;
    for (const name of this.#written) {
      const document = await this.#tested.documents.get(tenant, generation, name);
      const wanted = document === null ? '-' : `+${document.version} ${document.title}`;
      expect(this.#index.entries.get(name), `what the index has of ${name}`).toBe(wanted);
    }
  }
}

/** Runs the steps on an empty store, lets everything settle, and compares the index with the truth. */
export async function runSteps(tested: SyncUnderTest, steps: readonly Step[]): Promise<void> {
  await tested.subject.clear();
  await tested.log.follow('milvus');
  const history = new History(tested, await tested.catalogue());
  for (const step of steps) await history.take(step);
  await history.settle();
  await history.compare();
}

export function syncLogModelTests(tested: SyncUnderTest): void {
  it('brings the newest version of everything into the index, whatever workers and writers do', async () => {
    await fc.assert(
      fc.asyncProperty(stepsArbitrary, (steps) => runSteps(tested, steps)),
      { numRuns: tested.subject.modelRuns },
    );
  }, 120_000);
}
