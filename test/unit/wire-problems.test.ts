import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { errorCatalogue, TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { jsonPath } from '../../src/std/json-path.ts';
import { problemOf, problemSchema } from '../../src/wire/problem.ts';
import { Problems, parseWith, withPathsUnder } from '../../src/wire/problems.ts';

function fieldsOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    if (error instanceof TriptychError) return error.fields.map(({ path }) => path);
  }
  return null;
}

describe('jsonPath', () => {
  it.each<[PropertyKey[], string, string]>([
    [[], '', '$'],
    [['a'], '', 'a'],
    [['a', 0, 'b'], '', 'a[0].b'],
    [['a b', 'c'], '', '["a b"].c'],
    [['__proto__'], '', '__proto__'],
    [[], 'searches[2]', 'searches[2]'],
    [['k'], 'searches[2]', 'searches[2].k'],
    [['x'.repeat(500)], '', `["${'x'.repeat(64)}"]`],
    [['a\u0000"'], '', '["a\\u0000\\""]'],
  ])('%j below %j is %s', (parts, root, path) => {
    expect(jsonPath(parts, root)).toBe(path);
  });
});

describe('withPathsUnder', () => {
  it.each([
    ['like[0]', 's[3].like[0]'],
    ['$', 's[3]'],
    ['[1].k', 's[3][1].k'],
  ])('%s becomes %s, in the message too', (path, whole) => {
    const cause = new Error('why');
    const details = { cause, fields: [{ path, message: 'no' }], members: { a: 1 }, retryAfterSeconds: 2 };
    const moved = withPathsUnder('s[3]', new TriptychError('overloaded', `${path}: no`, details));
    expect(moved).toMatchObject({
      ...details,
      code: 'overloaded',
      message: `${whole}: no`,
      fields: [{ path: whole, message: 'no' }],
    });
  });

  it('leaves what has no paths', () => {
    for (const error of [new Error('x'), new TriptychError('internal', 'a: x'), undefined])
      expect(withPathsUnder('s[3]', error)).toBe(error);
  });
});

describe('parseWith', () => {
  const schema = z.strictObject({
    a: z.number(),
    u: z.union([z.strictObject({ x: z.number() }), z.strictObject({ y: z.array(z.string()) })]).optional(),
  });

  it('names unknown members one by one', () => {
    expect(fieldsOf(() => parseWith(schema, { a: 1, b: 1, 'c d': 1 }))).toEqual(['b', '["c d"]']);
  });

  it('reports the branch of a union that the input resembles', () => {
    expect(fieldsOf(() => parseWith(schema, { a: 1, u: { y: ['a', 2] } }))).toEqual(['u.y[1]']);
    expect(fieldsOf(() => parseWith(schema, { a: 1, u: { x: 'a' } }))).toEqual(['u.x']);
    expect(fieldsOf(() => parseWith(schema, { a: 1, u: { x: 1, z: 2 } }))).toEqual(['u.z']);
  });

  it.each<[string, z.ZodType, unknown, string]>([
    ['a missing member', z.strictObject({ a: z.string() }), {}, 'is required'],
    ['text for a number', z.number(), 'x', 'must be a number'],
    ['a number for text', z.string(), 1, 'must be a string'],
    ['null for a flag', z.boolean(), null, 'must be true or false'],
    ['an object for an array', z.array(z.string()), {}, 'must be an array'],
    ['an array for an object', z.strictObject({}), [], 'must be an object'],
    ['an array for a record', z.record(z.string(), z.string()), [], 'must be an object'],
    ['a fraction', z.int(), 1.5, 'must be a whole number'],
    ['text for a whole number', z.int(), '1', 'must be a number'],
    ['an infinite number', z.number(), Number.POSITIVE_INFINITY, 'must be a finite number'],
    ['a number that is small', z.int().min(1), 0, 'must be at least 1'],
    ['a number that is large', z.number().max(2), 3, 'must be at most 2'],
    ['a number at an open bound', z.number().gt(0), 0, 'must be more than 0'],
    ['an empty string', z.string().min(1), '', 'must not be empty'],
    ['a long string', z.string().max(1), 'ab', 'must have at most 1 character'],
    ['an empty array', z.array(z.string()).min(1), [], 'must not be empty'],
    ['a short array', z.array(z.string()).min(2), ['a'], 'must have at least 2 items'],
    ['a long array', z.array(z.string()).max(3), [...'abcd'], 'must have at most 3 items'],
    ['another value', z.literal('x'), 'y', 'must be "x"'],
    ['none of the values', z.enum(['a', 'b']), 'c', 'must be one of "a", "b"'],
    ['no base64', z.base64(), '*', 'must be a valid base64'],
    ['a pattern', z.string().regex(/^a/), 'b', 'has characters that are not allowed here'],
    [
      'a pattern with words of its own',
      z.string().regex(/^a/, 'must begin with a'),
      'b',
      'must begin with a',
    ],
    ['a refinement without words', z.string().refine(() => false), 'b', 'is not valid'],
    ['a multiple', z.number().multipleOf(2), 3, 'must be a multiple of 2'],
    ['a type of a union', z.union([z.string(), z.array(z.number())]), 1, 'must be a string or an array'],
    [
      'a name of a record',
      z.record(z.string().regex(/^a/, 'must begin with a'), z.number()),
      { b: 1 },
      'must begin with a',
    ],
  ])('says plainly what is wrong with %s', (_, of, input, message) => {
    expect(() => parseWith(of, input)).toThrow(
      expect.objectContaining({ fields: [expect.objectContaining({ message })] }),
    );
  });

  it('reports at most limits.errorFieldsMax problems', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, 1]));
    expect(fieldsOf(() => parseWith(schema, many))).toHaveLength(limits.errorFieldsMax);
  });
});

describe('Problems', () => {
  it('takes the code of the first', () => {
    const problems = new Problems();
    problems.throwIfAny();
    problems.add('wrong_dimension', 'embedding', 'is short');
    problems.add('unknown_field', 'filter.facet', 'is unknown');
    expect(() => problems.throwIfAny()).toThrow(
      expect.objectContaining({
        code: 'wrong_dimension',
        fields: expect.arrayContaining([expect.anything()]),
      }),
    );
  });
});

describe('problemOf', () => {
  it.each(Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[])('%s fits the schema', (code) => {
    const problem = problemOf(new TriptychError(code, 'what happened'), 'r-1');
    expect(problemSchema.parse(problem)).toMatchObject({
      type: `urn:triptych:problem:${code}`,
      code,
      status: errorCatalogue[code].status,
      request_id: 'r-1',
    });
  });

  it('keeps members apart from its own', () => {
    const problem = problemOf(
      new TriptychError('not_ready', 'no', {
        members: { parts: 1, status: 200, code: 'ok', request_id: 'x' },
      }),
      'r-1',
    );
    expect(problem).toMatchObject({ parts: 1, status: 503, code: 'not_ready', request_id: 'r-1' });
  });

  it('shows nothing of other errors', () => {
    const problem = problemOf(new Error('password=hunter2', { cause: new Error('SELECT 1') }));
    expect(problem.code).toBe('internal');
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|SELECT/);
  });
});
