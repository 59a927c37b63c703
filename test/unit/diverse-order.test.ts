import { describe, expect, it } from 'vitest';
import { relevance } from '../../src/search/diverse-order.ts';

describe('relevance for diversity', () => {
  it('counts against the best of the list', () => {
    expect([...relevance(Float32Array.of(0.5, 0.25, 0))]).toEqual([1, 0.5, 0]);
    expect([...relevance(Float32Array.of(0.5, 0.25))]).toEqual([1, 0.5]);
  });

  it('counts from the lowest where scores are below 0, so that it stays within 0..1 and in order', () => {
    expect([...relevance(Float32Array.of(0.5, 0, -0.5))]).toEqual([1, 0.5, 0]);
    expect([...relevance(Float32Array.of(-0.125, -0.25, -0.5))]).toEqual([1, Math.fround(2 / 3), 0]);
  });

  it('is 0 for all where all scores are equal and not above 0', () => {
    expect([...relevance(Float32Array.of(-0.25, -0.25))]).toEqual([0, 0]);
    expect([...relevance(Float32Array.of(0, 0))]).toEqual([0, 0]);
    expect([...relevance(new Float32Array(0))]).toEqual([]);
  });
});
