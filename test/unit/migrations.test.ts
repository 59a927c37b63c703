import { expect, it } from 'vitest';
import { migrations } from '../../src/adapters/sql/migrations.ts';

it('steps are numbered without gaps, and leave the programs serving that they say they do', () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1));
  for (const { version, kind, servesFrom } of migrations) {
    expect(servesFrom).toBeLessThanOrEqual(version);
    // The first step has no program before it.
    if (version > 1) expect([version, kind]).toEqual([version, servesFrom < version ? 'expand' : 'contract']);
  }
});
