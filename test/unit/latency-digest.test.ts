import { describe, expect, it } from 'vitest';
import { LatencyDigest } from '../../src/domain/latency-digest.ts';

describe('LatencyDigest', () => {
  it('gives quantiles by nearest rank, null before the first', () => {
    const digest = new LatencyDigest(1_000);
    expect(digest.quantile(0.5, 0)).toBeNull();
    for (const ms of [5, 1, 4, 2, 3]) digest.add(ms, 0);
    expect([0.2, 0.5, 0.95].map((q) => digest.quantile(q, 0))).toEqual([1, 3, 5]);
    expect(digest.count).toBe(5);
  });

  it('counts the latest 128', () => {
    const digest = new LatencyDigest(1_000);
    for (let ms = 0; ms < 1_000; ms++) digest.add(ms, 0);
    expect(digest.quantile(0, 0)).toBe(872);
    expect(digest.quantile(1, 0)).toBe(999);
  });

  it('forgets what is old where there is something younger, and keeps the last four however old', () => {
    const digest = new LatencyDigest(1_000);
    for (let i = 0; i < 100; i++) digest.add(400, i);
    expect(digest.quantile(0.5, 50_000)).toBe(400);
    for (let i = 0; i < 3; i++) digest.add(2, 60_000 + i);
    expect(digest.quantile(0.5, 60_010)).toBe(2);
    expect(digest.quantile(1, 60_010)).toBe(400);
    digest.add(2, 60_020);
    expect(digest.quantile(1, 60_100)).toBe(2);
  });

  it('sees new samples at once while there are few, and after 16 in any case', () => {
    const digest = new LatencyDigest(1_000);
    for (let i = 0; i < 32; i++) digest.add(1, 0);
    expect(digest.quantile(1, 0)).toBe(1);
    for (let i = 0; i < 16; i++) digest.add(9, 0);
    expect(digest.quantile(1, 0)).toBe(9);
  });
});
