import { createTriptych, defaultTenant, migrateDatabase } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { SearchRequest } from '../../../src/domain/search-request.ts';
import type { SearchResponse } from '../../../src/domain/search-response.ts';
import type { Triptych } from '../../../src/ports/triptych.ts';
import { differences } from './answer-problems.ts';
import { faultDocuments, faultPolicy, faultQuestion, faultSchema, faultUser } from './fault-catalogue.ts';

/** An answer, or what came instead, and how long the caller waited. */
export interface Answer {
  readonly response: SearchResponse | null;
  readonly error: unknown;
  readonly ms: number;
}

/** The whole service over the stores that the settings name, without HTTP. */
export interface FaultService {
  readonly service: Triptych;
  /** @param changes what is asked otherwise than in the i-th question */
  ask(i: number, timeoutMs: number, changes?: Partial<SearchRequest>): Promise<Answer>;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string>>;

/** Settings as a person would give them. */
function configOf(env: Environment): Config {
  const { config, warnings } = loadConfig({
    env: { ...env, TRIPTYCH_EMBEDDER: 'none', TRIPTYCH_DEMO: 'false', TRIPTYCH_LOG_LEVEL: 'silent' },
    cwd: process.cwd(),
  });
  if (warnings.length > 0) throw new Error(warnings.join('; '));
  return config;
}

/** As `triptych db migrate`: once, while all is well. */
export async function prepareDatabase(env: Environment): Promise<void> {
  await migrateDatabase(configOf(env), { dryRun: false });
}

export async function openFaultService(env: Environment): Promise<FaultService> {
  const config = configOf(env);
  // As `triptych serve`: stores may come later.
  const { service } = await createTriptych(config, { waitForStores: false });
  return {
    service,
    async ask(i, timeoutMs, changes = {}) {
      const startedAtMs = performance.now();
      const request = { ...faultQuestion(i, timeoutMs), ...changes };
      const asked = service.search(defaultTenant, request, { startedAtMs });
      const [response, error] = await asked.then(
        (answer) => [answer, null] as const,
        (reason: unknown) => [null, reason] as const,
      );
      return { response, error, ms: performance.now() - startedAtMs };
    },
    close: () => service.close(),
  };
}

/** How long a whole answer may take where nothing is at fault but the machine is busy. */
const patientMs = 5_000;

/** How long the indexes may take to have everything. */
const settledMsMax = 180_000;

/**
 * Makes the catalogue and the user's policy; resolves when the indexes have everything: documents are searchable before
 * all edges of the graph are computed.
 */
export async function fillFaultService(filled: FaultService): Promise<void> {
  const { service } = filled;
  await service.createCatalogue(defaultTenant, faultSchema);
  const operations = faultDocuments().map((document) => ({ kind: 'put' as const, document }));
  await service.write(defaultTenant, operations, { waitSearchable: true });
  await service.putPolicy(defaultTenant, faultUser, 'default', faultPolicy, undefined);
  const end = performance.now() + settledMsMax;
  while (!(await isKept(filled))) {
    if (performance.now() > end) {
      const { parts } = await service.readiness();
      throw new Error(`the indexes have not settled within ${settledMsMax} ms: ${JSON.stringify(parts)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Answers are kept for others only where every index is known to have had everything. */
async function isKept({ ask }: FaultService): Promise<boolean> {
  const { response } = await ask(1, patientMs, { cache: 'use' });
  return response?.cached === true;
}

/**
 * The answers to the first questions when nothing is at fault: waits until they are whole, from the stores themselves
 * and not from what stands in for one, and stay the same.
 * @throws Error what is still missing after `withinMs`
 */
export async function goodAnswers(
  service: FaultService,
  count: number,
  withinMs: number,
): Promise<readonly SearchResponse[]> {
  const end = performance.now() + withinMs;
  for (;;) {
    const first = await wholeAnswers(service, count);
    const second = typeof first === 'string' ? first : await wholeAnswers(service, count);
    if (typeof first !== 'string' && typeof second !== 'string') {
      const changed = first.flatMap((answer, i) => differences(second[i]!, answer));
      if (changed.length === 0) return second;
    }
    if (performance.now() > end) throw new Error(`no whole answers within ${withinMs} ms: ${String(second)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** @returns why there are none, in words */
async function wholeAnswers(service: FaultService, count: number): Promise<SearchResponse[] | string> {
  const whole: SearchResponse[] = [];
  for (let i = 0; i < count; i++) {
    const { response, error } = await service.ask(i, patientMs);
    if (response === null) return `question ${i}: ${String(error)}`;
    if (response.degraded || stoodInFor(response))
      return `question ${i}: ${JSON.stringify(response.coverage)}`;
    whole.push(response);
  }
  return whole;
}

/** All legs have something to do in every question, so one that says a reason did not get its answer from its store. */
function stoodInFor({ coverage }: SearchResponse): boolean {
  return Object.values(coverage).some(({ reason }) => reason !== undefined);
}
