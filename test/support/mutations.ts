import fc from 'fast-check';

/** Stands for a number that only text can hold; `jsonText` writes it. */
const infinite = '@1e999@';

const oddNames = [
  '__proto__',
  'constructor',
  'toString',
  '',
  'a\0',
  '\ud800',
  'k',
  'query',
  'x'.repeat(300),
  'ü',
];
const oddTexts = [
  '',
  ' ',
  '\0',
  'a\ud83d',
  '\udc00',
  '__proto__',
  '1e5',
  '2001-02-30',
  'x'.repeat(3_000),
  '\u212b',
];
const oddNumbers = [0, -0, -1, 0.5, 1e308, -1e308, 1e39, 2 ** 53, Number.MIN_VALUE, 1_000_000];

function deep(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { not: value };
  return value;
}

/** Values that have no business where they turn up. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, infinite, `-${infinite}`),
  fc.constantFrom<unknown>(...oddTexts),
  fc.constantFrom<unknown>(...oddNumbers),
  fc.constantFrom<unknown>(
    deep(6),
    deep(31),
    deep(40),
    deep(300),
    Array(2_000).fill(0.1),
    Array(60).fill('a'),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double(),
  fc.integer(),
  fc.jsonValue({ maxDepth: 3 }),
);

export type Mutation =
  | { readonly kind: 'replace' | 'remove'; readonly at: number; readonly value: unknown }
  | { readonly kind: 'add'; readonly at: number; readonly name: string; readonly value: unknown };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('replace' as const, 'remove' as const),
    at: fc.nat(999),
    value: oddValue,
  }),
  fc.record({
    kind: fc.constant('add' as const),
    at: fc.nat(999),
    name: fc.oneof(fc.constantFrom(...oddNames), fc.string({ maxLength: 12 })),
    value: oddValue,
  }),
);

/** JSON text: one of the bases with up to three things wrong, or right after all. */
export function mutatedJson(bases: readonly unknown[]): fc.Arbitrary<string> {
  return fc
    .record({ base: fc.constantFrom(...bases), mutations: fc.array(mutation, { maxLength: 3 }) })
    .map(({ base, mutations }) => jsonText(mutations.reduce(mutated, base)));
}

function mutated(value: unknown, change: Mutation): unknown {
  const copy = structuredClone(value);
  const places: { readonly owner: Record<string, unknown>; readonly name: string }[] = [];
  collect({ $: copy }, places);
  const place = places[change.at % places.length]!;
  const target = place.owner[place.name];
  if (change.kind === 'remove' && place.name !== '$') {
    if (Array.isArray(place.owner)) place.owner.splice(Number(place.name), 1);
    else delete place.owner[place.name];
  } else if (change.kind === 'add' && typeof target === 'object' && target !== null) own(target, change);
  else if (place.name === '$') return change.value;
  else place.owner[place.name] = change.value;
  return copy;
}

/** Plain assignment of `__proto__` would set the prototype instead of a member. */
function own(target: object, { name, value }: { readonly name: string; readonly value: unknown }): void {
  if (Array.isArray(target)) target.push(value);
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function collect(owner: object, places: { owner: Record<string, unknown>; name: string }[], depth = 0): void {
  if (depth > 40) return;
  for (const [name, value] of Object.entries(owner)) {
    places.push({ owner: owner as Record<string, unknown>, name });
    if (typeof value === 'object' && value !== null && places.length < 1_000)
      collect(value, places, depth + 1);
  }
}

function jsonText(value: unknown): string {
  return (JSON.stringify(value) ?? '')
    .replaceAll(`"${infinite}"`, '1e999')
    .replaceAll(`"-${infinite}"`, '-1e999');
}

/** Text whose bytes were cut, doubled or overwritten somewhere. */
export function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc
    .record({
      text,
      at: fc.nat(2_000),
      bytes: fc.uint8Array({ maxLength: 8 }),
      cut: fc.nat(40),
      tail: fc.boolean(),
    })
    .map(({ text: whole, at, bytes, cut, tail }) => {
      const source = Buffer.from(whole);
      const from = source.length === 0 ? 0 : at % source.length;
      const rest = tail ? source.subarray(from + cut) : Buffer.alloc(0);
      return Buffer.concat([source.subarray(0, from), bytes, rest]);
    });
}
