import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { FieldProblem } from '../errors.ts';
import type { Config, EmbedderConfig, SettingName, Settings } from './schema.ts';

type Name = (name: SettingName) => string;

/**
 * Checks that need more than one setting, and turns settings into the configuration; null when a problem was found.
 * `nameOf` gives a setting's name as the user wrote it.
 */
export function completeConfig(
  settings: Settings,
  cwd: string,
  nameOf: Name,
  problems: FieldProblem[],
  warnings: string[],
): Config | null {
  if (settings.keysFile === undefined && !isLoopback(settings.host))
    problems.push({
      path: nameOf('host'),
      message:
        `${settings.host} is not a loopback address. Without API keys anyone who reaches the port could read and change ` +
        'everything: make some with `triptych keys new --file keys.json --id ID --tenant TENANT --scopes admin` and ' +
        `give that file as ${nameOf('keysFile')}, or use 127.0.0.1, ::1 or localhost.`,
    });
  const embedder = embedderConfig(settings, cwd, nameOf, problems, warnings);
  if (embedder === null) return null;
  return {
    host: settings.host,
    port: settings.port,
    keysFile: settings.keysFile === undefined ? null : resolve(cwd, settings.keysFile),
    dataDir: resolve(cwd, settings.dataDir),
    demo: settings.demo,
    schema: settings.schema === undefined ? null : resolve(cwd, settings.schema),
    logLevel: settings.logLevel,
    embedder,
    rerankBackend: settings.rerankBackend,
    tfjsBackends: settings.tfjsBackends,
    nativeVariant: settings.nativeVariant,
    tfjsDir: settings.tfjsDir === undefined ? null : resolve(cwd, settings.tfjsDir),
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function embedderConfig(
  settings: Settings,
  cwd: string,
  nameOf: Name,
  problems: FieldProblem[],
  warnings: string[],
): EmbedderConfig | null {
  const names = ['openaiUrl', 'openaiModel', 'openaiKey', 'openaiKeyFile', 'openaiDimension'] as const;
  if (settings.embedder !== 'openai') {
    const unused = names.filter((name) => settings[name] !== undefined).map(nameOf);
    if (unused.length > 0)
      warnings.push(`${unused.join(', ')} has no effect while the embedder is ${settings.embedder}`);
    return { kind: settings.embedder };
  }
  const { openaiUrl: url, openaiModel: model, openaiDimension: dimension } = settings;
  for (const name of ['openaiUrl', 'openaiModel', 'openaiDimension'] as const)
    if (settings[name] === undefined)
      problems.push({ path: nameOf(name), message: 'is needed when the embedder is openai' });
  const key = openaiKey(settings, cwd, nameOf, problems);
  if (url === undefined || model === undefined || dimension === undefined) return null;
  return { kind: 'openai', url, model, key, dimension };
}

function openaiKey(settings: Settings, cwd: string, nameOf: Name, problems: FieldProblem[]): string | null {
  const { openaiKey: key, openaiKeyFile: file } = settings;
  if (file === undefined) return key ?? null;
  if (key !== undefined)
    problems.push({ path: nameOf('openaiKeyFile'), message: `cannot be given with ${nameOf('openaiKey')}` });
  try {
    const content = readFileSync(resolve(cwd, file), 'utf8').trim();
    if (content === '') problems.push({ path: nameOf('openaiKeyFile'), message: 'the file is empty' });
    return content;
  } catch {
    problems.push({ path: nameOf('openaiKeyFile'), message: `${file} cannot be read` });
    return null;
  }
}
