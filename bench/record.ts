import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import type { BenchResult } from './case.ts';

/** The machine, the sources and the seed: what a figure is worth nothing without. */
export function circumstances(seed: number): Record<string, unknown> {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short=12', 'HEAD'),
    // Results that were just recorded do not make a difference.
    changed: git('status', '--porcelain', '--', 'src', 'bench/*.ts', 'bench/cases') !== '',
    seed,
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      // Of the last minute, this bench included: far above 1 means that others were at work.
      load: Math.round(loadavg()[0]! * 10) / 10,
      memory_gib: Math.round(totalmem() / 2 ** 30),
      platform: `${process.platform} ${process.arch}`,
      node: process.versions.node,
    },
  };
}

/** Writes bench/results/<date>-<case>.json. */
export function record(name: string, result: BenchResult, about: Readonly<Record<string, unknown>>): string {
  const folder = join('bench', 'results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${String(about.date).slice(0, 10)}-${name}.json`);
  writeFileSync(path, `${JSON.stringify({ case: name, ...about, ...result }, null, 2)}\n`);
  return path;
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
