import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { PolicyAnswer, PolicyBody } from '../client/index.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { jsonOf } from './query-flags.ts';
import { addReachFlags, type ReachOptions, reachHelp, withServer, wrongFlag } from './reach-server.ts';
import { type Runtime, say } from './runtime.ts';
import { type Style, shown, styleOf } from './style.ts';

const help = `
Examples:
  triptych policy get ann
  triptych policy put ann policy.json --if-version 3
  triptych policy patch ann '{"preferences": {"genres": {"Horror": null, "Drama": 0.5}}}'
  echo '{"constraints": [{"kind": "hideSeen"}]}' | triptych policy put ann - --context kids
  triptych policy delete ann --context kids

A policy is what a user has declared in one context: docs/rules.md has its members. put writes it whole, patch is a
JSON merge patch, delete leaves what was learned. --if-version writes only over that version (0: nothing is stored).
${reachHelp}
--json prints the answer of the server as it came.
Exit codes: 0 done, 1 failed (also: another version is stored), 2 wrong usage or a policy that cannot be.`;

interface PolicyOptions extends ReachOptions {
  readonly context?: string;
  readonly ifVersion?: number | '*';
  readonly json?: boolean;
}

type Options = PolicyOptions & Readonly<Record<string, unknown>>;

/** `triptych policy get | put | patch | delete USER` */
export function policyCommand(runtime: Runtime, done: (code: ExitCode) => void): Command {
  const command = new Command('policy')
    .description("Read and write users' policies.")
    .addHelpText('after', help);
  const add = (name: string, description: string): Command => {
    const made = command.command(name).description(description).argument('<user>', 'id of the user');
    return made.option('--context <name>', 'in which situation (default: default)');
  };
  const finish = (made: Command): Command => {
    addReachFlags(made.option('--json', 'print the answer as JSON').addHelpText('after', help));
    return made;
  };
  const conditional = (made: Command): Command =>
    made.option('--if-version <version>', 'write only over this version, or over any (*)', versionOf);
  finish(add('get', 'Show a policy, and what was learned.')).action(
    async (user: string, options: Options) => {
      await withServer(runtime, options, async ({ client }) =>
        print(runtime, await client.policy(user, inContext(options)), user, options),
      );
      done(exitCodes.ok);
    },
  );
  const body = ['<policy>', 'JSON, a file of it, or - for standard input'] as const;
  const put = conditional(add('put', 'Write a policy, whole.').argument(...body));
  finish(put).action(async (user: string, given: string, options: Options) => {
    const policy = (await jsonFrom(runtime, given)) as PolicyBody;
    await withServer(runtime, options, async ({ client }) =>
      print(runtime, await client.putPolicy(user, policy, writing(options)), user, options),
    );
    done(exitCodes.ok);
  });
  const patch = conditional(add('patch', 'Change members of a policy.').argument(...body));
  finish(patch).action(async (user: string, given: string, options: Options) => {
    const change = (await jsonFrom(runtime, given)) as Record<string, unknown>;
    await withServer(runtime, options, async ({ client }) =>
      print(runtime, await client.patchPolicy(user, change, writing(options)), user, options),
    );
    done(exitCodes.ok);
  });
  finish(conditional(add('delete', 'Delete a policy; what was learned stays.'))).action(
    async (user: string, options: Options) => {
      await withServer(runtime, options, async ({ client }) => client.deletePolicy(user, writing(options)));
      if (options.json) runtime.stdout.write(`${JSON.stringify({ deleted: true })}\n`);
      else say(runtime, `Deleted the policy of ${shown(user)} in ${options.context ?? 'default'}.`);
      done(exitCodes.ok);
    },
  );
  return command;
}

function inContext({ context }: PolicyOptions): { context?: string } {
  return context === undefined ? {} : { context };
}

function writing(options: PolicyOptions): { context?: string; ifMatch?: number | '*' } {
  const { ifVersion } = options;
  return { ...inContext(options), ...(ifVersion !== undefined && { ifMatch: ifVersion }) };
}

function versionOf(text: string): number | '*' {
  if (text === '*') return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw wrongFlag('--if-version', 'must be a version, or *');
}

/** JSON that is given itself, in a file, or on standard input. @throws TriptychError not_found | invalid_settings */
async function jsonFrom(runtime: Runtime, given: string): Promise<unknown> {
  if (/^\s*[{[]/.test(given)) return jsonOf('policy')(given);
  return jsonOf('policy')(given === '-' ? await standardInput(runtime) : await textOf(runtime, given));
}

async function textOf({ cwd }: Runtime, file: string): Promise<string> {
  return readFile(resolve(cwd, file), 'utf8').catch((cause: unknown) => {
    throw new TriptychError('not_found', `${file} cannot be read`, { cause });
  });
}

async function standardInput({ stdin }: Runtime): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stdin) {
    const chunk = Buffer.from(part as Uint8Array);
    bytes += chunk.length;
    if (bytes > limits.policyBodyBytesMax)
      throw new TriptychError('body_too_large', `a policy has at most ${limits.policyBodyBytesMax} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

function print(runtime: Runtime, answer: PolicyAnswer, user: string, options: PolicyOptions): void {
  const lines = () => policyLines(answer, user, options.context ?? 'default', styleOf(runtime)).join('\n');
  runtime.stdout.write(`${options.json ? JSON.stringify(answer) : lines()}\n`);
}

function policyLines(answer: PolicyAnswer, user: string, context: string, style: Style): string[] {
  const { version, preferences, learned, constraints, learning_rate: rate } = answer;
  const declared = preferenceRows('declared', preferences);
  const rows = [...declared, ...preferenceRows('learned', learned)];
  const width = Math.max(0, ...rows.map(([, value]) => value.length));
  return [
    style.bold(
      `${shown(user)}, ${context}, version ${version}${version === 0 ? ' (nothing is stored)' : ''}`,
    ),
    ...rows.map(([origin, value, weight]) => {
      const number = `${weight < 0 ? '' : ' '}${weight.toFixed(2)}`;
      return `${origin.padEnd(8)}  ${value.padEnd(width)}  ${style.colour(number, weight < 0 ? 'red' : 'cyan')}`;
    }),
    ...constraints.map((rule, index) => `rule ${String(index + 1).padEnd(3)}  ${JSON.stringify(rule)}`),
    ...(rate === null ? [] : [`learning rate ${rate}`]),
  ];
}

/** Strongest first. */
function preferenceRows(
  origin: string,
  preferences: PolicyAnswer['preferences'],
): [string, string, number][] {
  return Object.entries(preferences)
    .flatMap(([facet, values]) =>
      Object.entries(values).map(([value, weight]): [string, string, number] => [
        origin,
        shown(`${facet} ${value}`),
        weight,
      ]),
    )
    .sort((a, b) => Math.abs(b[2]) - Math.abs(a[2]));
}
