import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FieldProblem, TriptychError } from '../errors.ts';
import { deepFreeze } from '../std/deep-freeze.ts';
import { nearest } from '../std/nearest.ts';
import { completeConfig } from './complete.ts';
import {
  type Config,
  fileName,
  flagName,
  type SettingName,
  settingNames,
  settingsSchema,
  variableName,
} from './schema.ts';

export interface SettingSources {
  /** Flags as given, by setting name. */
  readonly flags?: Readonly<Partial<Record<SettingName, unknown>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of the JSON settings file; null: none. */
  readonly file?: string | null;
  /** What relative paths start from. */
  readonly cwd: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Things that look like mistakes but do not stop the service. */
  readonly warnings: readonly string[];
}

/** Variables that begin with TRIPTYCH_ and are not settings. */
const otherVariables = [
  'TRIPTYCH_CONFIG',
  'TRIPTYCH_API_KEY',
  'TRIPTYCH_SKIP_BUILD',
  'TRIPTYCH_DURABILITY_CYCLES',
  'TRIPTYCH_EVENT_CYCLES',
];

/** What begins so is for the tests. */
const testVariable = 'TRIPTYCH_TEST_';

/** What was given for each setting, and under which name: later sources win. */
type Given = Map<SettingName, { readonly value: unknown; readonly from: string }>;

/**
 * Settings from, weakest first: defaults, the JSON file, the environment, flags.
 * @throws TriptychError invalid_settings that lists every problem under the name that the user wrote
 */
export function loadConfig(sources: SettingSources): LoadedConfig {
  const env = sources.env ?? {};
  const given: Given = new Map();
  const problems: FieldProblem[] = [];
  const file = sources.file ?? (env.TRIPTYCH_CONFIG || null);
  if (file !== null) readSettingsFile(resolve(sources.cwd, file), file, given, problems);
  const warnings = readEnvironment(env, given);
  for (const name of settingNames) {
    const value = sources.flags?.[name];
    if (value !== undefined) given.set(name, { value, from: flagName(name) });
  }
  const values = Object.fromEntries([...given].map(([name, { value }]) => [name, value]));
  const parsed = settingsSchema.safeParse(values);
  const nameOf = (name: SettingName): string => given.get(name)?.from ?? fileName(name);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      problems.push({ path: nameOf(issue.path[0] as SettingName), message: issue.message });
    throw invalidSettings(problems);
  }
  const config = completeConfig(parsed.data, sources.cwd, nameOf, problems, warnings);
  if (config === null || problems.length > 0) throw invalidSettings(problems);
  return { config: deepFreeze(config), warnings };
}

function invalidSettings(problems: readonly FieldProblem[]): TriptychError {
  const list = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  return new TriptychError('invalid_settings', `The settings are not valid: ${list}`, { fields: problems });
}

function readSettingsFile(path: string, shown: string, given: Given, problems: FieldProblem[]): void {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof SyntaxError ? `is not valid JSON: ${error.message}` : 'cannot be read';
    problems.push({ path: shown, message: reason });
    return;
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push({ path: shown, message: 'must hold one JSON object' });
    return;
  }
  const known = new Map(settingNames.map((name) => [fileName(name), name]));
  for (const [member, value] of Object.entries(content)) {
    const name = known.get(member);
    const from = `${member} (in ${shown})`;
    if (name === undefined)
      problems.push({ path: from, message: `is not a setting${suggestion(member, [...known.keys()])}` });
    else if (value !== null) given.set(name, { value, from });
  }
}

/** An empty variable counts as unset, as container tools write them. Returns warnings for unknown names. */
function readEnvironment(env: Readonly<Record<string, string | undefined>>, given: Given): string[] {
  const known = new Map(settingNames.map((name) => [variableName(name), name]));
  const warnings: string[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith('TRIPTYCH_') || variable.startsWith(testVariable)) continue;
    if (otherVariables.includes(variable)) continue;
    const name = known.get(variable);
    if (name === undefined)
      warnings.push(`${variable} is not a setting${suggestion(variable, [...known.keys()])}; it is ignored`);
    else if (value !== undefined && value !== '') given.set(name, { value, from: variable });
  }
  return warnings;
}

function suggestion(name: string, candidates: readonly string[]): string {
  const close = nearest(name, candidates);
  return close === null ? '' : ` (did you mean ${close}?)`;
}
