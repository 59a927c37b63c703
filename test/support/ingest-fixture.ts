import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { limits } from '../../src/limits.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { CliFixture } from './cli-runtime.ts';

/** The commands' world of the running test: a folder, a store, services that can be wrapped. */
export let cli: CliFixture;

/** Gives every test of the file a world of its own. */
export function freshCli(): void {
  beforeEach(() => {
    cli = new CliFixture();
  });
  afterEach(() => cli.remove());
}

export const schema = {
  name: 'things',
  facets: { kinds: { from: 'kind' } },
  embedding: { model: 'given', dimension: 3, lo: 0, hi: 1, from: 'vector' },
};

export const row = (index: number) => ({
  id: `t${index}`,
  title: `Thing ${index}`,
  kind: 'a',
  vector: [1, index, 0],
});

export function write(name: string, lines: readonly (string | object)[]): string {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(join(cli.folder, name), `${text.join('\n')}\n`);
  return name;
}

export function schemaFile(changes: object = {}): string {
  return write('s.json', [{ ...schema, ...changes }]);
}

export async function stored(generation = 1): Promise<Record<string, number>> {
  const documents = await cli.store.list('default', generation, null, 10_000);
  return Object.fromEntries(documents.map(({ id, version }) => [id, version]));
}

export const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));
export const versions = (count: number) => Object.fromEntries(rows(count).map(({ id }) => [id, 1]));
export const batch = limits.ingestBatchRows;

/** Runs `before` ahead of each write of the services that commands open; counts them across commands. */
export function onWrite(before: (count: number) => void): void {
  let count = 0;
  cli.wrap = (service): Triptych => ({
    ...service,
    write: async (...args) => {
      count += 1;
      before(count);
      return service.write(...args);
    },
  });
}

/** Runs `before` ahead of that staged write, counted across commands. */
export function onStagedWrite(at: number, before: () => void): void {
  let count = 0;
  cli.wrap = (service): Triptych => ({
    ...service,
    replaceCatalogue: async (...args) => {
      const staged = await service.replaceCatalogue(...args);
      return {
        ...staged,
        write: async (operations) => {
          count += 1;
          if (count === at) before();
          return staged.write(operations);
        },
      };
    },
  });
}
