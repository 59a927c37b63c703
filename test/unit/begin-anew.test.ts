import { expect, it } from 'vitest';
import { beginAnew } from '../../src/compose-rebuild.ts';
import type { SharedIndex } from '../../src/ports/shared-index.ts';
import type { SyncLog } from '../../src/ports/sync-log.ts';
import { testSchema } from '../support/arbitraries.ts';

/** @param broken the step that fails */
function subject(broken: string | null) {
  const steps: string[] = [];
  const step = (name: string, answer: unknown) => async () => {
    steps.push(name);
    if (name === broken) throw new Error('away');
    return answer;
  };
  const index = {
    name: 'words',
    drop: step('drop', undefined),
    prepare: step('prepare', true),
    activate: step('activate', undefined),
  };
  const log = { requeue: step('requeue', 7) };
  const catalogue = { generation: 1, schema: testSchema };
  const run = () => beginAnew(index as unknown as SharedIndex, log as unknown as SyncLog, 't', catalogue);
  return { steps, run };
}

it('makes documents due before they go, and again afterwards, and counts them once', async () => {
  const { steps, run } = subject(null);
  expect(await run()).toBe(7);
  expect(steps).toEqual(['requeue', 'drop', 'prepare', 'activate', 'requeue']);
});

it.each(['drop', 'prepare', 'activate'])('leaves documents due where it fails at %s', async (broken) => {
  const { steps, run } = subject(broken);
  await expect(run()).rejects.toThrow('away');
  expect(steps[0]).toBe('requeue');
  expect(steps.slice(-2)).toEqual([broken, 'requeue']);
});
