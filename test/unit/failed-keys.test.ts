import { expect, it } from 'vitest';
import { FailedKeys } from '../../src/http/failed-keys.ts';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';

const max = limits.failedKeysPerAddressMax;

/** Counts the address until it is told to wait. */
function untilRefused(failed: FailedKeys, address: string): number {
  for (let count = 1; ; count++) if (failed.count(address) !== null) return count - 1;
}

it('counts addresses apart, in windows', () => {
  const clock = new FakeClock();
  const failed = new FailedKeys(clock);
  expect(untilRefused(failed, '10.0.0.1')).toBe(max);
  expect(untilRefused(failed, '10.0.0.2')).toBe(max);
  clock.advance(limits.failedKeysWindowMs - 1);
  expect(failed.count('10.0.0.1')).toBe(1);
  clock.advance(1);
  expect(failed.count('10.0.0.1')).toBeNull();
});

it('takes the addresses of one IPv6 network for one, however they are written', () => {
  const failed = new FailedKeys(new FakeClock());
  const forms = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:db8:1:2:3:4:5:6'];
  for (let i = 0; i < max; i++) expect(failed.count(forms[i % forms.length]!)).toBeNull();
  for (const form of forms) expect(failed.count(form)).not.toBeNull();
  expect(failed.count('2001:db8:1:3::1')).toBeNull();
  expect(failed.count('::1')).toBeNull();
  expect(untilRefused(failed, '::ffff:10.0.0.1')).toBe(max);
  expect(failed.count('10.0.0.1')).not.toBeNull();
});

it('keeps a bounded number of addresses', () => {
  const failed = new FailedKeys(new FakeClock());
  for (let i = 0; i < limits.failedKeyAddressesMax + 100; i++)
    failed.count(`10.${i >> 16}.${i >> 8}.${i & 255}`);
  expect(failed.addresses).toBe(limits.failedKeyAddressesMax);
});
