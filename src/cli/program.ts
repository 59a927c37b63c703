import { Command, CommanderError } from 'commander';
import { version } from '../compose.ts';
import { TriptychError } from '../errors.ts';
import { dbCommand } from './db.ts';
import { doctorCommand } from './doctor.ts';
import { type ExitCode, exitCodeHelp, exitCodes } from './exit-codes.ts';
import { ingestCommand } from './ingest.ts';
import { keysCommand } from './keys.ts';
import { type Runtime, say } from './runtime.ts';
import { serveCommand } from './serve.ts';

/** Runs one command line (without node and script) to its end and returns the exit code. Never throws. */
export async function runProgram(args: readonly string[], runtime: Runtime): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const done = (result: ExitCode): void => {
    code = result;
  };
  const program = new Command('triptych')
    .description('Hybrid search and re-ranking: vectors, words and graph, one explained score.')
    .version(version, '-V, --version')
    .addHelpText('after', exitCodeHelp);
  program.addCommand(serveCommand(runtime, done));
  program.addCommand(ingestCommand(runtime, done));
  program.addCommand(keysCommand(runtime, done));
  program.addCommand(dbCommand(runtime, done));
  program.addCommand(doctorCommand(runtime, done));
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap(({ commands }) => commands),
  ]) {
    command.exitOverride().showHelpAfterError('(--help shows how it is used)');
    command.configureOutput({
      writeOut: (text) => runtime.stdout.write(text),
      writeErr: (text) => runtime.stderr.write(text),
    });
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, runtime);
  }
}

const usageErrors = new Set(['invalid_settings', 'invalid_schema']);

function report(error: unknown, runtime: Runtime): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (!(error instanceof TriptychError)) {
    say(runtime, `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return exitCodes.failure;
  }
  if (error.fields.length === 0) say(runtime, `error: ${error.code}: ${error.message}`);
  else {
    say(runtime, `error: ${error.code}`);
    for (const { path, message } of error.fields) say(runtime, `  ${path}: ${message}`);
  }
  return usageErrors.has(error.code) ? exitCodes.usage : exitCodes.failure;
}
