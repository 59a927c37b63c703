import { type Command, Option } from 'commander';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import { flagName, type SettingName, settings } from '../config/schema.ts';
import { type Runtime, say } from './runtime.ts';

/** Adds `--config` and one flag for each of the settings, described as in docs/settings.md. */
export function addSettingFlags(command: Command, names: readonly SettingName[]): void {
  command.addOption(new Option('--config <file>', 'JSON file with settings'));
  for (const name of names) {
    const { description } = settings[name];
    if (name === 'demo') {
      command.addOption(new Option('--demo', description));
      command.addOption(new Option('--no-demo', 'Do not load the demo catalogue.'));
    } else command.addOption(new Option(`${flagName(name)} <value>`, description));
  }
}

/** The configuration of a command; warnings go to standard error. @throws TriptychError invalid_settings */
export function configOf(
  runtime: Runtime,
  options: Readonly<Record<string, unknown>>,
  names: readonly SettingName[],
): LoadedConfig['config'] {
  const flags = Object.fromEntries(names.map((name) => [name, options[name]]));
  const file = typeof options.config === 'string' ? options.config : null;
  const { config, warnings } = loadConfig({ flags, env: runtime.env, file, cwd: runtime.cwd });
  for (const warning of warnings) say(runtime, `warning: ${warning}`);
  return config;
}
