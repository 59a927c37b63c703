import type { Clock } from '../ports/clock.ts';

/** What the work comes to, or `late` where that takes longer than `ms`; the work itself goes on. Rejects as the work does. */
export function within<T>(work: Promise<T>, ms: number, clock: Clock, late: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(late));
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
