import { expect, it } from 'vitest';
import { Gate } from '../../src/http/gate.ts';

const overloaded = expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 1 });

it('lets no more in than it has places, and counts a way out once', () => {
  const seen: number[] = [];
  const gate = new Gate(3, (inside) => seen.push(inside));
  const leave = gate.enter(2);
  expect(() => gate.enter(2)).toThrow(overloaded);
  gate.enter();
  expect(() => gate.enter()).toThrow(overloaded);
  leave();
  leave();
  expect(gate.inside).toBe(1);
  expect(seen).toEqual([2, 3, 1]);
});

it('frees its places when work fails', async () => {
  const gate = new Gate(1);
  await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await gate.pass(async () => gate.inside)).toBe(1);
  expect(gate.inside).toBe(0);
});
