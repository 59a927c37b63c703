/** Stages as a Server-Timing header: `vector;dur=1.204, score;dur=0.31`. */
export function serverTiming(stages: Readonly<Record<string, number>>): string {
  return Object.entries(stages)
    .filter(([, ms]) => Number.isFinite(ms))
    .map(([stage, ms]) => `${stage.replace(/[^\w-]/g, '_')};dur=${Math.round(ms * 1_000) / 1_000}`)
    .join(', ');
}
