import { describe, expect, it } from 'vitest';
import { LruMap } from '../../src/std/lru-map.ts';

describe('LruMap', () => {
  it('lets the least recently used go', () => {
    const map = new LruMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
  });

  it('replaces without growing, and starts the age of the entry again', () => {
    const map = new LruMap<number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    map.set('c', 4);
    expect([map.get('a'), map.get('b')]).toEqual([3, undefined]);
  });

  it('holds as much as may be by weight', () => {
    const map = new LruMap<string>(10);
    map.set('a', 'x', 4);
    map.set('b', 'x', 4);
    map.set('a', 'heavier', 6);
    expect([map.get('a'), map.get('b'), map.size]).toEqual(['heavier', 'x', 2]);
    map.set('c', 'x', 1);
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 'x', 'x']);
    map.delete('b');
    map.set('d', 'x', 9);
    expect([map.get('c'), map.get('d')]).toEqual(['x', 'x']);
    map.set('c', 'too heavy', 11);
    expect([map.get('c'), map.get('d'), map.size]).toEqual([undefined, 'x', 1]);
    map.clear();
    map.set('e', 'x', 10);
    expect(map.get('e')).toBe('x');
  });

  it('deletes one and all', () => {
    const map = new LruMap<number>(5);
    for (const key of ['a1', 'a2', 'b']) map.set(key, 1);
    map.delete('a1');
    expect([map.get('a1'), map.get('a2'), map.get('b')]).toEqual([undefined, 1, 1]);
    map.clear();
    expect(map.size).toBe(0);
  });
});
