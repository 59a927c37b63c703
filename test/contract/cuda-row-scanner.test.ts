import { describe, it } from 'vitest';
import { openCudaOnDevice } from '../support/cuda-device.ts';
import { deviceScanTests } from '../support/device-scan.ts';

const parts = await openCudaOnDevice();
describe('row scans of cuda on a GPU', () => {
  if ('reason' in parts) it.skipIf(true)(`are not here: ${parts.reason}`, () => {});
  else deviceScanTests(parts, openCudaOnDevice);
});
