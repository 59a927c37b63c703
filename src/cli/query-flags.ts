import type { Command } from 'commander';
import { wrongFlag } from './reach-server.ts';

/** The flags of addAskerFlags, as commander gives them. */
export interface AskerOptions {
  readonly user?: string;
  readonly context?: string;
  readonly profile?: string;
  readonly constraint?: readonly unknown[];
  readonly timeoutMs?: number;
}

/** The flags that say who is asking, and how. */
export function addAskerFlags(command: Command): Command {
  return command
    .option('--user <id>', 'who is asking: policy and what was learned hold')
    .option('--context <name>', 'in which situation (default: default)')
    .option('--profile <name>', 'what ranks (default: linear)')
    .option('--constraint <json>', 'rule of this request alone; may be repeated', constraints())
    .option('--timeout-ms <number>', 'deadline (default: 10000)', numberOf('--timeout-ms'));
}

/** What addAskerFlags gave, as the wire names it; nothing for a flag that is absent. */
export function askerOf({ user, context, profile, constraint, timeoutMs }: AskerOptions) {
  return given({ user, context, profile, constraints: constraint, timeout_ms: timeoutMs });
}

/** Without the members that are undefined. */
export function given<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Collects the values of a flag that may be repeated. */
export function collected<T>(): (value: T, before?: readonly T[]) => T[] {
  return (value, before = []) => [...before, value];
}

/** As collected, of these values alone. @throws TriptychError invalid_settings */
export function chosen<T extends string>(
  flag: string,
  choices: readonly T[],
): (value: string, before?: readonly T[]) => T[] {
  return (value, before = []) => {
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw wrongFlag(flag, `must be one of ${choices.join(', ')}`);
    return [...before, choice];
  };
}

function constraints(): (text: string, before?: readonly unknown[]) => unknown[] {
  const parse = jsonOf('--constraint');
  return (text, before = []) => [...before, parse(text)];
}

/** @throws TriptychError invalid_settings for what is no JSON */
export function jsonOf(flag: string): (text: string) => unknown {
  return (text) => {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw wrongFlag(flag, `must be JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

/** @throws TriptychError invalid_settings for what is no number */
export function numberOf(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value)) return value;
    throw wrongFlag(flag, 'must be a number');
  };
}
