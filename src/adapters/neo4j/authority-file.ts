import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The driver takes authorities to trust as files alone, which it reads at every connection. */
export class AuthorityFile {
  readonly path: string;
  readonly #folder: string;

  constructor(pem: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'triptych-ca-'));
    this.path = join(this.#folder, 'ca.pem');
    writeFileSync(this.path, pem, { mode: 0o600 });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
