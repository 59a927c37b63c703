import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runUntilKilled } from '../support/killed-child.ts';
import { Random } from '../support/random.ts';

const cycles = Number(process.env.TRIPTYCH_EVENT_CYCLES ?? 50);
const child = join(import.meta.dirname, '../support/event-child.mjs');

/** Checks what a child says, line by line, against what earlier children had acknowledged. */
class Witness {
  readonly acknowledged = new Set<string>();
  opened = 0;
  duplicates = 0;
  applied = 0;
  comparisons = 0;
  resolvedBy = { committed: 0, lost: 0 };
  #inFlight: string[] | null = null;
  #logged = new Set<string>();

  /** A new process begins. */
  restart(): void {
    this.#logged = new Set();
  }

  hear(line: string): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'log') for (const id of rest) this.#logged.add(id);
    else if (word === 'state') this.#checkState(rest[0]!, rest[1]!);
    else if (word === 'ready') this.#checkLog();
    else if (word === 'begin') this.#inFlight = rest;
    else if (word === 'ack') this.#checkAck(Number(rest[0]), Number(rest[1]));
    else if (word === 'applied') this.applied += Number(rest[0]);
  }

  #checkState(user: string, outcome: string): void {
    expect(`${user} ${outcome}`).toBe(`${user} same`);
    this.comparisons += 1;
  }

  /** The log holds exactly what was acknowledged, or that and the whole of the one call that was under way. */
  #checkLog(): void {
    const lost = [...this.acknowledged].filter((id) => !this.#logged.has(id));
    expect(lost).toEqual([]);
    const more = [...this.#logged].filter((id) => !this.acknowledged.has(id)).sort();
    const fresh = this.#fresh().sort();
    if (more.length > 0) {
      expect(more).toEqual(fresh);
      for (const id of more) this.acknowledged.add(id);
      this.resolvedBy.committed += 1;
    } else if (fresh.length > 0) this.resolvedBy.lost += 1;
    this.#inFlight = null;
    this.opened += 1;
  }

  #checkAck(accepted: number, duplicates: number): void {
    const fresh = this.#fresh();
    expect({ accepted, duplicates }).toEqual({
      accepted: fresh.length,
      duplicates: this.#inFlight!.length - fresh.length,
    });
    for (const id of fresh) this.acknowledged.add(id);
    this.duplicates += duplicates;
    this.#inFlight = null;
  }

  /** Ids of the call under way that were not acknowledged before. */
  #fresh(): string[] {
    return [...new Set(this.#inFlight)].filter((id) => !this.acknowledged.has(id));
  }
}

describe('a log of events whose process is killed', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-events-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it(
    `loses nothing that was acknowledged and applies nothing twice, ${cycles} times`,
    async () => {
      const random = new Random('event durability');
      const witness = new Witness();
      let written = 0;
      for (let n = 1; n <= cycles; n += 1) {
        // Some are killed while they open, or while they catch up with what the last one left.
        const early = n % 5 === 4;
        if (!early) written += 1;
        const kill = early
          ? ({ from: 'start', afterMs: random.integer(1_500) } as const)
          : ({ from: 'ready', afterLines: random.integer(100), afterMs: random.integer(30) } as const);
        const seed = n * 2 ** 16 + random.integer(2 ** 16);
        witness.restart();
        await runUntilKilled([child, dataDir, String(seed)], kill, (line) => witness.hear(line));
      }
      process.stderr.write(
        `event durability: ${cycles} kills, ${witness.opened} opens, ${witness.acknowledged.size} acknowledged events, ` +
          `${witness.duplicates} sent again, ${witness.applied} applied, ${witness.comparisons} states compared, ` +
          `calls under way: ${witness.resolvedBy.committed} kept, ${witness.resolvedBy.lost} gone\n`,
      );
      // An early kill may come before or after the log is open; every other one comes after.
      expect(witness.opened).toBeGreaterThanOrEqual(written);
      expect(witness.acknowledged.size).toBeGreaterThan(10 * cycles);
      expect(witness.applied).toBeGreaterThan(cycles);
      expect(witness.duplicates).toBeGreaterThan(cycles);
    },
    60_000 + cycles * 20_000,
  );
});
