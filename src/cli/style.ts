import type { Runtime } from './runtime.ts';

/** How text looks on standard output. */
export interface Style {
  dim(text: string): string;
  bold(text: string): string;
  /** Text for good news, and for what it costs. */
  colour(text: string, name: 'cyan' | 'red' | 'yellow'): string;
  /** Columns that a line may have; infinite where nobody looks. */
  readonly columns: number;
}

const codes = { cyan: 36, red: 31, yellow: 33 } as const;

/** Colour and cuts on a terminal only, so that what is piped on is whole. */
export function styleOf({ stdout, env }: Runtime): Style {
  const isTerminal = stdout.isTTY === true;
  const coloured = isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
  const painted = (code: number) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    dim: painted(2),
    bold: painted(1),
    colour: (text, name) => painted(codes[name])(text),
    columns: isTerminal ? (stdout.columns ?? 80) : Number.POSITIVE_INFINITY,
  };
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar for `share` (0..1) of `width` columns, filled up to them with spaces. */
export function bar(share: number, width: number): string {
  const parts = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  return `${'█'.repeat(parts >> 3)}${eighths[parts & 7]}`.padEnd(width);
}

/** The text, cut to so many columns. */
export function cut(text: string, columns: number): string {
  if (text.length <= columns) return text;
  return `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/** Text of somebody else, as a terminal may show it: control characters could move its cursor or change its title. */
export function shown(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
