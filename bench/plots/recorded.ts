import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const goalSchema = z.object({
  goal: z.string(),
  what: z.string(),
  needed: z.string(),
  measured: z.string(),
  verdict: z.enum(['pass', 'MISS', 'not measured']),
  needed_value: z.number(),
  measured_value: z.number().optional(),
  bound: z.enum(['least', 'most']),
  roofline_percent: z.number().optional(),
});

const timingSchema = z.object({
  part: z.string(),
  contestant: z.string(),
  rows: z.number().positive(),
  requests: z.number().positive(),
  median_us: z.number().positive(),
  roofline_percent: z.number().optional(),
});

const qualitySchema = z.object({
  task: z.string(),
  /** Which half of the queries or users: `validation`, `test` or `all`. */
  half: z.string(),
  system: z.string(),
  queries: z.number(),
  ndcg_at_10: z.number(),
  /** What nDCG was to reach. */
  aim: z.number().optional(),
});

const recordedSchema = z.object({
  case: z.string(),
  date: z.string(),
  commit: z.string(),
  size: z.enum(['small', 'full']),
  machine: z.object({ cpu: z.string(), cores: z.number(), load: z.number(), node: z.string() }),
  tables: z.object({
    goals: z.array(goalSchema).optional(),
    timings: z.array(timingSchema).default([]),
    quality: z.array(qualitySchema).optional(),
  }),
});

/** What the plots read of a recorded result (record.ts) of the cases `rerank`, `rerank-backends` and `eval`. */
export type Recorded = z.infer<typeof recordedSchema>;
export type RecordedGoal = z.infer<typeof goalSchema>;
export type RecordedTiming = z.infer<typeof timingSchema>;
export type RecordedQuality = z.infer<typeof qualitySchema>;

/** @throws Error with the path of the file where it is no such result */
export function readRecorded(path: string): Recorded {
  const parsed = recordedSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
}

/** The newest recorded result of each case that is plotted: files are named by date. */
export function newestResults(folder = join('bench', 'results')): string[] {
  const names = readdirSync(folder).sort();
  return ['rerank', 'rerank-backends', 'eval'].flatMap((name) => {
    const newest = names
      .filter((file) => /^\d{4}-\d\d-\d\d-/.test(file) && file.slice(11) === `${name}.json`)
      .at(-1);
    return newest === undefined ? [] : [join(folder, newest)];
  });
}

/** Where the figures come from, in one line. */
export function captionOf({ machine, date, commit, size }: Recorded): string {
  const small = size === 'small' ? ', small run: figures mean nothing' : '';
  return (
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load}, Node ${machine.node}, ` +
    `${date.slice(0, 10)}, commit ${commit}${small}`
  );
}
