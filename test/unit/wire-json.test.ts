import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { parseJson, parseJsonBytes } from '../../src/wire/json.ts';

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
