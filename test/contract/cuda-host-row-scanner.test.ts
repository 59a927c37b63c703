import { describe, it } from 'vitest';
import { openCudaOnHost } from '../support/cuda-host.ts';
import { deviceScanTests } from '../support/device-scan.ts';

const parts = await openCudaOnHost();
describe('row scans of cuda on the host', () => {
  if ('reason' in parts) it.skipIf(true)(`are not here: ${parts.reason}`, () => {});
  else deviceScanTests(parts, openCudaOnHost);
});
