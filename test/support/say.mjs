import { writeSync } from 'node:fs';

/**
 * Writes a line to stdout at once, for a test that kills this process. Waits where the reader is slow: Node may have made
 * the pipe one that refuses instead.
 */
export function say(...words) {
  let rest = Buffer.from(`${words.join(' ')}\n`);
  while (rest.length > 0)
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
}
