import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Kill, runUntilKilled } from '../support/killed-child.ts';
import { Random } from '../support/random.ts';

/** TRIPTYCH_DURABILITY_CYCLES=50 for a longer run. */
const cycles = Number(process.env.TRIPTYCH_DURABILITY_CYCLES ?? 10);
const child = join(import.meta.dirname, '../support/store-child.mjs');

interface Known {
  readonly version: number;
  /** null: deleted. */
  readonly title: string | null;
}
type State = ReadonlyMap<string, Known>;

interface Step {
  readonly name: string;
  readonly ids: readonly string[];
  readonly kind: 'put' | 'delete';
}

/** The documents after a step, by the rules of the port. */
function after(state: State, step: Step): State {
  const next = new Map(state);
  for (const id of step.ids) {
    const known = next.get(id) ?? { version: 0, title: null };
    if (step.kind === 'put') next.set(id, { version: known.version + 1, title: step.name });
    else if (known.title !== null) next.set(id, { version: known.version + 1, title: null });
  }
  return next;
}

/** What a listing shows of a state: `id version title` of the living. */
function visible(state: State): string[] {
  return [...state]
    .flatMap(([id, { version, title }]) => (title === null ? [] : [`${id} ${version} ${title}`]))
    .sort();
}

/** Checks what a child says, line by line, against what earlier children had acknowledged. */
class Witness {
  state: State = new Map();
  inFlight: Step | null = null;
  acknowledged = 0;
  opened = 0;
  resolvedBy = { committed: 0, lost: 0 };
  #acks: string[] = [];
  #listing: string[] = [];

  hear(line: string): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'state') this.#listing.push(rest.join(' '));
    else if (word === 'ready') this.#checkListing();
    else if (word === 'begin')
      this.inFlight = { kind: rest[0] as Step['kind'], name: rest[1]!, ids: rest.slice(2) };
    else if (word === 'ack') this.#checkAck(rest[0]!, Number(rest[1]));
  }

  /** A new process begins; what the last one said of an unfinished listing does not count. */
  restart(): void {
    this.#listing = [];
  }

  /** The store holds exactly what was acknowledged, or that and the whole of the one call that was under way. */
  #checkListing(): void {
    const found = this.#listing.sort();
    const before = visible(this.state);
    if (this.inFlight !== null) {
      const next = after(this.state, this.inFlight);
      const acknowledgedInPart = this.#acks.length > 0;
      if (acknowledgedInPart || JSON.stringify(found) !== JSON.stringify(before)) {
        expect(found).toEqual(visible(next));
        this.state = next;
        this.resolvedBy.committed += 1;
      } else this.resolvedBy.lost += 1;
    } else expect(found).toEqual(before);
    this.inFlight = null;
    this.#acks = [];
    this.opened += 1;
  }

  #checkAck(id: string, version: number): void {
    const next = after(this.state, this.inFlight!);
    expect(`${id} ${version}`).toBe(`${id} ${next.get(id)?.version ?? 0}`);
    this.#acks.push(id);
    this.acknowledged += 1;
    if (this.#acks.length < this.inFlight!.ids.length) return;
    this.state = next;
    this.inFlight = null;
    this.#acks = [];
  }
}

/** Runs a writer until it is killed. */
async function cycle(witness: Witness, dataDir: string, seed: number, kill: Kill): Promise<void> {
  witness.restart();
  await runUntilKilled([child, 'write', dataDir, String(seed)], kill, (line) => witness.hear(line));
}

describe('a store whose process is killed', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-durability-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it(
    `loses nothing that was acknowledged and keeps no half of a call, ${cycles} times`,
    async () => {
      const random = new Random('durability');
      const witness = new Witness();
      // Killed while the folder is made for the first time, which leaves no usable folder behind.
      await cycle(witness, dataDir, 0, { from: 'start', afterMs: 500 + random.integer(2_000) });
      let written = 0;
      for (let n = 1; n <= cycles; n += 1) {
        const duringOpen = n % 5 === 4;
        if (!duringOpen) written += 1;
        await cycle(
          witness,
          dataDir,
          n * 2 ** 16 + random.integer(2 ** 16),
          duringOpen
            ? { from: 'start', afterMs: random.integer(1_500) }
            : { from: 'ready', afterLines: random.integer(200), afterMs: random.integer(40) },
        );
      }
      process.stderr.write(
        `durability: ${cycles} kills, ${witness.opened} opens, ${witness.acknowledged} acknowledged writes, ` +
          `calls under way: ${witness.resolvedBy.committed} kept, ${witness.resolvedBy.lost} gone\n`,
      );
      // A kill while the store opens may come before or after it is open; every other one comes after.
      expect(witness.opened).toBeGreaterThanOrEqual(written);
      expect(witness.acknowledged).toBeGreaterThan(cycles);
    },
    60_000 + cycles * 20_000,
  );
});
