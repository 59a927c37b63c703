import { Command, CommanderError } from 'commander';
import { TriptychRequestError } from '../client/index.ts';
import { version } from '../compose.ts';
import { TriptychError } from '../errors.ts';
import { backupCommand } from './backup.ts';
import { dbCommand } from './db.ts';
import { doctorCommand } from './doctor.ts';
import { evalCommand } from './eval.ts';
import { type ExitCode, exitCodeHelp, exitCodes } from './exit-codes.ts';
import { ingestCommand } from './ingest.ts';
import { keysCommand } from './keys.ts';
import { mcpCommand } from './mcp.ts';
import { policyCommand } from './policy.ts';
import { rebuildCommand } from './rebuild.ts';
import { rerankCommand } from './rerank.ts';
import { restoreCommand } from './restore.ts';
import { type Runtime, say } from './runtime.ts';
import { searchCommand } from './search.ts';
import { serveCommand } from './serve.ts';

/** Runs one command line (without node and script) to its end and returns the exit code. Never throws. */
export async function runProgram(args: readonly string[], runtime: Runtime): Promise<ExitCode> {
  let code: ExitCode = exitCodes.ok;
  const program = programOf(runtime, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, runtime);
  }
}

/** The program with all its commands. */
export function programOf(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const program = new Command('triptych')
    .description('Hybrid search and re-ranking: vectors, words and graph, one explained score.')
    .version(version, '-V, --version')
    .addHelpText('after', exitCodeHelp);
  for (const make of commands) program.addCommand(make(runtime, done));
  const columns = (): number => (runtime.stdout.isTTY ? (runtime.stdout.columns ?? 80) : 100);
  for (const command of withSubcommands(program)) {
    command.exitOverride().showHelpAfterError('(--help shows how it is used)');
    command.configureOutput({
      writeOut: (text) => runtime.stdout.write(text),
      writeErr: (text) => runtime.stderr.write(text),
      getOutHelpWidth: columns,
    });
  }
  return program;
}

const commands = [
  serveCommand,
  ingestCommand,
  searchCommand,
  rerankCommand,
  policyCommand,
  evalCommand,
  mcpCommand,
  backupCommand,
  restoreCommand,
  rebuildCommand,
  keysCommand,
  dbCommand,
  doctorCommand,
];

/** A command and all below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

const usageErrors = new Set(['invalid_settings', 'invalid_schema']);

function report(error: unknown, runtime: Runtime): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (!(error instanceof TriptychError || error instanceof TriptychRequestError)) {
    say(runtime, `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return exitCodes.failure;
  }
  if (error.fields.length === 0) say(runtime, `error: ${error.code}: ${error.message}`);
  else {
    say(runtime, `error: ${error.code}`);
    for (const { path, message } of error.fields) say(runtime, `  ${path}: ${message}`);
  }
  if (error.code === 'unauthenticated' || error.code === 'forbidden')
    say(runtime, '  --api-key-file or TRIPTYCH_API_KEY gives the key.');
  // What a server refuses as wrong in itself came from the command line.
  const isUsage = error instanceof TriptychRequestError ? error.status === 400 : usageErrors.has(error.code);
  return isUsage ? exitCodes.usage : exitCodes.failure;
}
