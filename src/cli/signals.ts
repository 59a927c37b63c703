export type StopSignal = 'SIGINT' | 'SIGTERM';

const repeatedMs = 500;

/**
 * Calls `first` on the first SIGINT or SIGTERM and `again` on a later one; returns a function that stops listening.
 * npm passes Ctrl-C on to a process that got it from the terminal already, so a signal within half a second of the
 * first is the same wish, not a second one.
 */
export function onStopSignal(
  first: (signal: StopSignal) => void,
  again: (signal: StopSignal) => void,
): () => void {
  let firstAtMs: number | null = null;
  const handle = (signal: StopSignal): void => {
    if (firstAtMs === null) {
      firstAtMs = performance.now();
      first(signal);
    } else if (performance.now() - firstAtMs > repeatedMs) again(signal);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return () => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
}
