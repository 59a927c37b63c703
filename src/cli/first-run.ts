import { defaultTenant } from '../compose.ts';
import type { Config } from '../config/schema.ts';
import { limits } from '../limits.ts';
import type { Triptych } from '../ports/triptych.ts';
import { Progress } from '../std/progress.ts';
import { readSchemaFile } from './read-schema-file.ts';
import { type Runtime, say, wantsColour } from './runtime.ts';

/**
 * Gives a service without catalogue one: that of the `schema` setting, without documents, or the demo. The demo is
 * filled beside and then made live, so an interrupted first run leaves no half catalogue.
 */
export async function prepareFirstRun(
  runtime: Runtime,
  service: Triptych,
  config: Config,
  stop: AbortSignal,
): Promise<void> {
  if (service.schema(defaultTenant) !== null) return;
  if (config.schema !== null) {
    const { schema } = await readSchemaFile(config.schema, config.schema);
    await service.createCatalogue(defaultTenant, schema);
  } else if (config.demo) await loadDemo(runtime, service, stop);
}

async function loadDemo(runtime: Runtime, service: Triptych, stop: AbortSignal): Promise<void> {
  const { schema, documents } = await runtime.demo.load();
  const total = documents.length;
  say(runtime, `First run: loading the demo catalogue, ${total.toLocaleString('en')} documents ...`);
  const nowMs = (): number => performance.now();
  const progress = new Progress(runtime.stderr, {
    label: 'demo',
    total,
    colour: wantsColour(runtime),
    nowMs,
  });
  const startedMs = nowMs();
  const staged = await service.replaceCatalogue(defaultTenant, schema);
  for (let at = 0; at < total; at += limits.ingestBatchRows) {
    if (stop.aborted) break;
    const batch = documents.slice(at, at + limits.ingestBatchRows);
    await staged.write(batch.map((document) => ({ kind: 'put', document })));
    progress.update(at + batch.length, `${(at + batch.length).toLocaleString('en')} documents`);
  }
  progress.finish();
  if (stop.aborted) return;
  await staged.activate();
  say(runtime, `Loaded in ${((nowMs() - startedMs) / 1_000).toFixed(1)} s.`);
}
