import { expect, it, vi } from 'vitest';
import { LastMade } from '../../src/std/last-made.ts';

it('makes a thing once for an object and what else it is made from', () => {
  const last = new LastMade<object, { readonly of: number }>();
  const [a, b] = [{}, {}];
  let count = 0;
  const get = (of: object, ...from: unknown[]) => last.get(of, from, () => ({ of: ++count }));
  const first = get(a, 'x', 1);
  expect(get(a, 'x', 1)).toBe(first);
  expect(get(b, 'x', 1)).not.toBe(first);
  expect(get(a, 'x', 1)).toBe(first);
  expect(get(a, 'x', 2)).not.toBe(first);
  expect(get(a, 'x', 1).of).toBe(4);
});

it('remembers that nothing was made', () => {
  const last = new LastMade<object, null>();
  const key = {};
  const make = vi.fn(() => null);
  for (let i = 0; i < 2; i += 1) expect(last.get(key, [], make)).toBeNull();
  expect(make).toHaveBeenCalledTimes(1);
});
