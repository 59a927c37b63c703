import type { DocumentChange } from '../../src/domain/document.ts';
import type { DocumentStore } from '../../src/ports/document-store.ts';
import type { CatalogueKey } from '../../src/ports/shared-index.ts';
import type { SyncClaim, SyncLog } from '../../src/ports/sync-log.ts';
import { schemaNamed } from './document-store-subject.ts';

/** A sync log and the truth that it is part of, on a database that nobody else uses. */
export interface SyncSubject {
  readonly documents: DocumentStore;
  /** At least two, each as another process has it. */
  readonly workers: readonly SyncLog[];
  /** Moves the times that are stored so far back, as if so much time had passed. */
  passMs(ms: number): Promise<void>;
  /** Histories that the model test runs. */
  readonly modelRuns: number;
  /** Nothing is stored and no index follows. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

let tenants = 0;

/** The subject, and catalogues of tenants that nobody used. */
export class SyncUnderTest {
  subject!: SyncSubject;

  get log(): SyncLog {
    return this.subject.workers[0]!;
  }

  get documents(): DocumentStore {
    return this.subject.documents;
  }

  async catalogue(): Promise<CatalogueKey> {
    const tenant = `synced ${tenants++}`;
    const { generation } = await this.documents.createCatalogue(tenant, schemaNamed('first'));
    return { tenant, generation };
  }

  async staged({ tenant }: CatalogueKey, name = 'second'): Promise<CatalogueKey> {
    const { generation } = await this.documents.stageCatalogue(tenant, schemaNamed(name));
    return { tenant, generation };
  }
}

export function idOf(change: DocumentChange): string {
  return change.kind === 'put' ? change.document.id : change.id;
}

export function versionOf(change: DocumentChange): number {
  return change.kind === 'put' ? change.document.version : change.version;
}

export function idsOf(claim: SyncClaim): string[] {
  return claim.changes.map(idOf);
}

/** `+id@version` and `-id@version`, by id. */
export function textOf(claim: SyncClaim): string {
  const texts = claim.changes.map(
    (change) => `${change.kind === 'put' ? '+' : '-'}${idOf(change)}@${versionOf(change)}`,
  );
  return texts.sort((a, b) => (a.slice(1) < b.slice(1) ? -1 : 1)).join(' ');
}
