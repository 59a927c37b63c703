import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { duplicateMember } from '../../src/wire/duplicate-members.ts';
import { parseJson, parseJsonBytes } from '../../src/wire/json.ts';
import '../support/seed.ts';

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    for (const text of ['null', ' 1 ', '"a\\"]["', '{"a":[1,{"b":"\\\\"}]}', nested(limits.jsonDepthMax)])
      expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('counts brackets, but not those of strings', () => {
    expect(parseJson(JSON.stringify('['.repeat(1_000)))).toHaveLength(1_000);
    expect(parseJson(JSON.stringify(['\\"[[[['.repeat(100)]))).toHaveLength(1);
    expect(() => parseJson(nested(limits.jsonDepthMax + 1))).toThrow('nested deeper');
    expect(() => parseJson(`{"a":"\\"",${'"b":{'.repeat(limits.jsonDepthMax)}`)).toThrow('nested deeper');
  });

  it('says where, but does not repeat the input', () => {
    expect(() => parseJson('{"secret":tru}')).toThrow(
      expect.objectContaining({ code: 'invalid_json', message: expect.not.stringContaining('tru}') }),
    );
    expect(() => parseJson('')).toThrow('is empty');
    expect(() => parseJson('{"a":')).toThrow('ends too early');
  });

  it.each([
    ['["a\\u0000"]', '[0]'],
    ['{"a":{"b":["x","\\udead"]}}', 'a.b[1]'],
    ['{"a":{"__proto__":1}}', 'a.__proto__'],
    ['{"a":[1,2,-1e400]}', 'a[2]'],
    ['{"\\ud800":1}', '["\\ud800"]'],
  ])('refuses %s', (text, path) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ path })] }),
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"b":{"c":[0,{"d":1,"e":{},"d":2}]}}', 'b.c[1].d'],
    ['[[],{"x":"y:z","x":""}]', '[1].x'],
    ['{"a":":","a":"::"}', 'a'],
    ['{"a\\u0062":1,"ab":2}', 'ab'],
    ['{"a\\"":1,"a\\"":2}', '["a\\""]'],
    [`{ "a" : 1 ,\n"a"\n\t${' '.repeat(300)}:2}`, 'a'],
    ['{"":1,"":2}', '[""]'],
  ])('refuses a member that is there twice: %s', (text, path) => {
    expect(() => parseJson(text)).toThrow(
      expect.objectContaining({ fields: [{ path, message: 'is there more than once' }] }),
    );
  });

  it('takes one name in two objects, names as values, and colons anywhere', () => {
    for (const text of [
      '{"a":{"a":{"a":1}},"b":{"a":1}}',
      '[{"a":1},{"a":1}]',
      '{"a":"a","b":["a","a"]}',
      '{"a:b":"c:d","a":"\\":\\"","at":"10:30:00"}',
      '{"a":"\\u003a"}',
    ])
      expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it('finds what is there twice in any JSON, and nothing where nothing is', () => {
    const key = fc.constantFrom('a', 'b', 'a:', '"', '\\', '\\"', ' ', 'a,"b":', '{');
    const tree = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(fc.integer(), key, fc.constant(null)),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => ({ items })),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((members) => ({ members })),
      ),
    })).value as fc.Arbitrary<Node>;
    const space = fc.constantFrom('', ' ', '\n\t');
    let twice = 0;
    fc.assert(
      fc.property(tree, space, (root, gap) => {
        const text = writeNode(root, gap);
        const count = distinctMembers(JSON.parse(text));
        const found = duplicateMember(text, count);
        expect(found !== null).toBe(hasDuplicate(root));
        if (found !== null) twice++;
      }),
      { numRuns: 2_000 },
    );
    expect(twice).toBeGreaterThan(100);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(parseJsonBytes(Buffer.from('"ü😀"'))).toBe('ü😀');
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
    ])
      expect(() => parseJsonBytes(Uint8Array.from(bytes))).toThrow('UTF-8');
  });
});

/** JSON as it is written: members keep their names, however often one is there. */
type Node =
  | number
  | string
  | null
  | { readonly items: readonly Node[] }
  | { readonly members: readonly (readonly [string, Node])[] };

function writeNode(node: Node, gap: string): string {
  if (node === null || typeof node !== 'object') return JSON.stringify(node);
  if ('items' in node) return `[${node.items.map((item) => gap + writeNode(item, gap)).join(',')}]`;
  const members = node.members.map(
    ([name, value]) => `${gap}${JSON.stringify(name)}${gap}:${gap}${writeNode(value, gap)}`,
  );
  return `{${members.join(',')}${gap}}`;
}

function hasDuplicate(node: Node): boolean {
  if (node === null || typeof node !== 'object') return false;
  if ('items' in node) return node.items.some(hasDuplicate);
  const names = node.members.map(([name]) => name);
  return new Set(names).size < names.length || node.members.some(([, value]) => hasDuplicate(value));
}

function distinctMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, member) => sum + distinctMembers(member), own);
}
