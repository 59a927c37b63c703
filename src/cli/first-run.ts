import { type ComposedTriptych, defaultTenant } from '../compose.ts';
import type { Config } from '../config/schema.ts';
import { limits } from '../limits.ts';
import type { Triptych } from '../ports/triptych.ts';
import { Progress } from '../std/progress.ts';
import { readSchemaFile } from './read-schema-file.ts';
import { type Runtime, say, wantsColour } from './runtime.ts';

/**
 * Gives tenants without catalogue one: that of the `schema` setting, without documents, or the demo, which is for the
 * default tenant only. The demo is filled beside and then made live, so an interrupted first run leaves no half catalogue.
 */
export async function prepareFirstRun(
  runtime: Runtime,
  { service, tenants }: ComposedTriptych,
  config: Config,
  stop: AbortSignal,
): Promise<void> {
  const without = tenants.filter((tenant) => service.schema(tenant) === null);
  if (config.schema !== null && without.length > 0) {
    const { schema } = await readSchemaFile(config.schema, config.schema);
    for (const tenant of without) await service.createCatalogue(tenant, schema);
    return;
  }
  if (!config.demo || !tenants.includes(defaultTenant)) return;
  if (without.includes(defaultTenant)) await loadDemo(runtime, service, stop);
  if (!stop.aborted) await declareDemoContexts(runtime, service);
}

/** Once: also where the first run ended between the demo and its contexts, but not over what somebody else declared. */
async function declareDemoContexts(runtime: Runtime, service: Triptych): Promise<void> {
  if (service.schema(defaultTenant)?.name !== runtime.demo.name) return;
  if ((await service.rules(defaultTenant)).version === 0)
    await service.putRules(defaultTenant, runtime.demo.rules, null);
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
