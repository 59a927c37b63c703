import { beforeAll, describe, expect, it } from 'vitest';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { NativeAddon, NativeColumns, NativeTable } from '../../src/native/addon.ts';
import { Arena } from '../../src/native/arena.ts';
import { layout } from '../../src/native/arena-layout.ts';
import { loadAddon } from '../../src/native/load.ts';
import { openTable } from '../../src/native/open-table.ts';
import { packGram, packRerank, packRescore } from '../../src/native/pack-batch.ts';
import { packScan } from '../../src/native/pack-scan.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable } from '../support/score-cases.ts';

const loaded = loadAddon();
const why = 'reason' in loaded ? loaded.reason : '';

/** What a wrong call must do: throw an Error with this code, and a path that begins so. */
type Refusal = readonly [code: string, path: string, call: () => unknown];

describe.skipIf(why !== '')(`wrong calls of the addon${why === '' ? '' : ` (${why})`}`, () => {
  const addon = 'addon' in loaded ? loaded.addon : (null as unknown as NativeAddon);
  const random = new Random('misuse');
  const snapshot = randomTable(random, 40, 16);
  const batch = batchOf(snapshot, [
    randomCase(random, snapshot, { ruleCount: 2 }),
    randomCase(random, snapshot),
  ]);
  let table: NativeTable;
  let backend = 0;
  beforeAll(() => {
    table = openTable(addon, snapshot);
    backend = addon.backendOpen('', 'auto').backend;
  });

  /** Packs into slot `slot` memory of JavaScript's own, changed by `damage`. */
  const packed = (
    slot: number,
    pack: (arena: Arena) => void,
    damage: (u32: Uint32Array) => void = () => {},
  ): ArrayBuffer => {
    const arena = new Arena((bytes) => new ArrayBuffer(bytes));
    pack(arena);
    damage(arena.u32);
    addon.arenaRegister(slot, arena.buffer, backend);
    return arena.buffer;
  };
  const rerankPacked = (damage?: (u32: Uint32Array) => void): ArrayBuffer =>
    packed(100, (arena) => packRerank(arena, batch, 0, 2), damage);
  const selected = Uint32Array.of(1, 5, 7);

  const columns = (changes: Partial<Record<keyof NativeColumns, unknown>>): NativeColumns => {
    const { vectors } = snapshot;
    const whole = {
      ...snapshot,
      stride: vectors.stride,
      tier: 0,
      vectors: vectors.values,
      scales: vectors.scales,
    };
    return {
      ...whole,
      facetCodeCount: snapshot.dictionary.size,
      table: 0,
      epoch: 0,
      ...changes,
    } as NativeColumns;
  };
  const open = (changes: Partial<Record<keyof NativeColumns, unknown>>) => () =>
    addon.tableOpen(columns(changes));

  const expectRefusals = (cases: () => readonly Refusal[]) => () => {
    const list = cases();
    expect(list.length).toBeGreaterThan(0);
    for (const [code, path, call] of list) {
      let error: unknown = null;
      try {
        call();
      } catch (thrown) {
        error = thrown;
      }
      expect(error, `${path} was not refused`).toBeInstanceOf(Error);
      const refused = error as Error & { code: string; path: string };
      expect([refused.code, refused.path.slice(0, path.length)], refused.message).toEqual([code, path]);
      expect(refused.message).toContain(`${refused.path}: `);
    }
  };
  const any = (value: unknown): never => value as never;

  it(
    'arguments of another type',
    expectRefusals(() => [
      ['invalid_argument', 'start.args[0]', () => addon.start(any(null))],
      ['invalid_argument', 'backendOpen.args[0]', () => addon.backendOpen(any(7), 'auto')],
      ['unavailable', 'variant', () => addon.backendOpen('', 'sse9')],
      ['unavailable', 'library', () => addon.backendOpen('/nowhere.so', '0')],
      ['out_of_range', 'allocate.args[0]', () => addon.allocate(-1)],
      ['invalid_argument', 'allocate.args[0]', () => addon.allocate(any('8'))],
      ['out_of_memory', 'allocate.args[0]', () => addon.allocate(2 ** 52)],
      ['invalid_argument', 'rerank.args[0]', () => addon.rerank(any({}), 100, 2)],
      ['invalid_argument', 'rerank.args[0]', () => addon.rerank(any(Object.create(table)), 100, 2)],
      ['invalid_argument', 'rerank.args[1]', () => addon.rerank(table, any('0'), 2)],
      ['out_of_range', 'rerank.args[2]', () => addon.rerank(table, 100, 1.5)],
      ['closed', 'rerank.args[1]', () => addon.rerank(table, 255, 2)],
      ['closed', 'rerank.args[1]', () => addon.rerank(table, 1e9, 2)],
      ['invalid_argument', 'cancel.args[0]', () => addon.cancel(any(undefined))],
    ]),
  );

  it(
    'columns that are not whole',
    expectRefusals(() => [
      ['invalid_argument', 'tableOpen.args[0]', () => addon.tableOpen(any(3))],
      ['invalid_argument', 'tableOpen.args[0].vectors', open({ vectors: new Float64Array(640) })],
      ['invalid_argument', 'tableOpen.args[0].vectors', open({ vectors: new Float32Array(600) })],
      ['invalid_argument', 'tableOpen.args[0].tieRanks', open({ tieRanks: new Uint32Array(39) })],
      [
        'invalid_argument',
        'tableOpen.args[0].live',
        open({ live: new Uint8Array(new SharedArrayBuffer(40)) }),
      ],
      [
        'out_of_range',
        'tableOpen.args[0].facetCounts[',
        open({ facetCounts: new Uint32Array(40).fill(900) }),
      ],
      ['out_of_range', 'tableOpen.args[0].facetValues[', open({ facetCodeCount: 1 })],
      ['out_of_range', 'tableOpen.args[0].stride', open({ stride: 15 })],
      ['out_of_range', 'tableOpen.args[0].dimension', open({ dimension: 0 })],
      ['out_of_range', 'tableOpen.args[0].tier', open({ tier: 3 })],
      ['invalid_argument', 'tableOpen.args[0].scales', open({ tier: 2, vectors: new Int8Array(640) })],
      ['invalid_argument', 'tableOpen.args[0].fields[1]', open({ fields: [snapshot.fields[0], 1] })],
      ['invalid_argument', 'tableOpen.args[0].rowCount', open({ rowCount: '40' })],
    ]),
  );

  it(
    'arenas that are no memory of a fixed size',
    expectRefusals(() => [
      [
        'invalid_argument',
        'arenaRegister.args[1]',
        () => addon.arenaRegister(1, any(new Uint8Array(64)), backend),
      ],
      [
        'invalid_argument',
        'arenaRegister.args[1]',
        () => addon.arenaRegister(1, new ArrayBuffer(64), backend),
      ],
      [
        'invalid_argument',
        'arenaRegister.args[1]',
        () => addon.arenaRegister(1, any(new SharedArrayBuffer(4096)), backend),
      ],
      [
        'invalid_argument',
        'arenaRegister.args[1]',
        () =>
          addon.arenaRegister(1, Reflect.construct(ArrayBuffer, [4096, { maxByteLength: 8192 }]), backend),
      ],
      [
        'out_of_range',
        'arenaRegister.args[0]',
        () => addon.arenaRegister(256, new ArrayBuffer(4096), backend),
      ],
      ['out_of_range', 'arenaRegister.args[2]', () => addon.arenaRegister(1, new ArrayBuffer(4096), 15)],
    ]),
  );

  it('what was packed is damaged', () => {
    const rowsAt = (u32: Uint32Array): number => u32[layout.rowsAtWord]! / 4;
    const record = (u32: Uint32Array): number => u32[layout.requestsAtWord]! / 4;
    /** Which word becomes what. */
    const damages: readonly (readonly [
      code: string,
      path: string,
      damage: (u32: Uint32Array) => readonly [word: number, value: number],
    ])[] = [
      ['invalid_argument', 'arena.magic', () => [layout.magicWord, 0]],
      ['invalid_argument', 'arena.version', () => [layout.versionWord, 9]],
      ['invalid_argument', 'arena.kind', () => [layout.kindWord, layout.kindScan]],
      ['out_of_range', 'arena.answersAt', () => [layout.answersAtWord, 0xffff_fff8]],
      ['out_of_range', 'arena.rows', () => [layout.rowsAtWord, 0xffff_fffc]],
      ['out_of_range', 'arena.rows', () => [layout.candidateCountWord, 0xffff_ffff]],
      ['out_of_range', 'arena.rows[7]', (u32) => [rowsAt(u32) + 7, 40]],
      ['out_of_range', 'arena.lexical', (u32) => [layout.lexicalAtWord, u32[layout.lexicalAtWord]! + 2]],
      ['out_of_range', 'arena.facetCodeCount', () => [layout.facetCodeCountWord, 0]],
      ['out_of_range', 'arena.transient', () => [layout.transientAtWord, 4]],
      ['invalid_argument', 'arena.requests', () => [layout.requestCountWord, 3]],
      ['out_of_range', 'arena.requests[0].count', (u32) => [record(u32) + layout.countWord, 81]],
      [
        'invalid_argument',
        'arena.requests[0].params.formula',
        (u32) => [record(u32) + layout.formulaWord, 3],
      ],
      [
        'out_of_range',
        'arena.requests[0].queryVector',
        (u32) => [u32[record(u32) + layout.queryAtWord]! / 4, 0x7fc0_0000],
      ],
      [
        'out_of_range',
        'arena.requests[0].preferences.codes[0]',
        (u32) => [u32[record(u32) + layout.preferenceCodesAtWord]! / 4, 0xffff_ffff],
      ],
      [
        'out_of_range',
        'arena.requests[0].mask.code[0]',
        (u32) => [u32[record(u32) + layout.codeAtWord]! / 4 + 1, 3],
      ],
      [
        'out_of_range',
        'arena.requests[0].mask.code[0]',
        (u32) => [u32[record(u32) + layout.codeAtWord]! / 4, 8],
      ],
    ];
    expectRefusals(() =>
      damages.map(([code, path, damage]): Refusal => {
        return [
          code,
          path,
          () => {
            rerankPacked((u32) => {
              const [word, value] = damage(u32);
              u32[word] = value;
            });
            addon.rerank(table, 100, 2);
          },
        ];
      }),
    )();
  });

  it('counts, answers and masks that do not fit what was packed', () => {
    rerankPacked();
    expectRefusals(() => [
      ['invalid_argument', 'arena.requests', () => addon.rerank(table, 100, 1)],
      [
        'invalid_argument',
        'arena.selected',
        () => {
          const { request, window } = randomCase(random, snapshot);
          packed(100, (arena) => packRescore(arena, batch, request, window, selected));
          addon.rescore(table, 100, 2);
        },
      ],
      ...[new Float64Array(2), new Float32Array(3), [1, 2, 3]].map(
        (out): Refusal => [
          'invalid_argument',
          'gram.args[3]',
          () => {
            packed(100, (arena) => packGram(arena, batch, selected));
            addon.gram(table, 100, 3, any(out));
          },
        ],
      ),
      [
        'invalid_argument',
        'gram.args[3]',
        () => {
          const arena = packed(100, (one) => packGram(one, batch, selected));
          addon.gram(table, 100, 3, new Float64Array(arena, 128, 3));
        },
      ],
      [
        'invalid_argument',
        'scan',
        () => {
          packed(100, (arena) => packScan(arena, [random.unitVector(16)], 5));
          void addon.scanAsync(table, 100, 1, new Uint8Array(39));
        },
      ],
    ])();
  });

  it('a closed table, and one whose memory was given away', () => {
    const closed = openTable(addon, snapshot);
    addon.tableClose(closed);
    const gone: TableSnapshot = randomTable(random, 40, 16);
    const detached = openTable(addon, gone);
    structuredClone(gone.tieRanks.buffer, { transfer: [gone.tieRanks.buffer as ArrayBuffer] });
    rerankPacked();
    expectRefusals(() => [
      ['closed', 'rerank.args[0]', () => addon.rerank(closed, 100, 2)],
      ['closed', 'tableClose.args[0]', () => addon.tableClose(closed)],
      ['detached', 'table', () => addon.rerank(detached, 100, 2)],
    ])();
  });

  it('an arena that was given away', () => {
    const buffer = rerankPacked();
    structuredClone(buffer, { transfer: [buffer] });
    expectRefusals(() => [
      ['detached', 'rerank.args[1]', () => addon.rerank(table, 100, 2)],
      ['detached', 'arenaRegister.args[1]', () => addon.arenaRegister(101, buffer, backend)],
    ])();
  });

  it('a slot whose job has not ended', async () => {
    rerankPacked();
    const job = addon.rerankAsync(table, 100, 2);
    expectRefusals(() => [
      ['busy', 'rerank.args[1]', () => addon.rerank(table, 100, 2)],
      ['busy', 'arenaRegister.args[0]', () => addon.arenaRegister(100, new ArrayBuffer(4096), backend)],
    ])();
    await job;
    addon.rerank(table, 100, 2);
  });

  it('right calls are still answered', () => {
    const buffer = rerankPacked();
    addon.rerank(table, 100, 2);
    const u32 = new Uint32Array(buffer);
    expect(u32[u32[layout.answersAtWord]! / 4]).toBeGreaterThan(0);
  });
});
