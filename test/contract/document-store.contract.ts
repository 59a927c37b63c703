import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DocumentStore } from '../../src/ports/document-store.ts';
import { catalogueTests } from './document-store-catalogues.ts';
import { changeTests } from './document-store-changes.ts';
import { modelTests } from './document-store-model.ts';
import { StoreUnderTest } from './document-store-subject.ts';
import { writeTests } from './document-store-writes.ts';

export interface DocumentStoreSubject {
  readonly name: string;
  open(clock: StoreUnderTest['clock']): Promise<DocumentStore>;
}

/** What every DocumentStore must do, sentence by sentence of the port. One store serves all tests; each has its tenants. */
export function documentStoreContract(subject: DocumentStoreSubject): void {
  describe(`DocumentStore: ${subject.name}`, () => {
    const tested = new StoreUnderTest();
    beforeAll(async () => {
      tested.store = await subject.open(tested.clock);
    }, 120_000);
    afterAll(() => tested.store.close());

    catalogueTests(tested);
    writeTests(tested);
    changeTests(tested);
    modelTests(tested);

    it('answers the probe', async () => {
      await expect(tested.store.ping()).resolves.toBeUndefined();
    });
  });
}
