import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nativeBuild } from '../../src/adapters/native/open-native.ts';

it('tells builds of the addon apart, and is empty without one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'triptych-build-'));
  try {
    const path = join(folder, 'triptych.node');
    expect(nativeBuild(path)).toBe('');
    const builds = new Set<string>();
    for (const [text, seconds] of [
      ['a', 1],
      ['ab', 1],
      ['ab', 2],
    ] as const) {
      writeFileSync(path, text);
      utimesSync(path, seconds, seconds);
      builds.add(nativeBuild(path));
      expect(builds).toContain(nativeBuild(path));
    }
    expect(builds.size).toBe(3);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
