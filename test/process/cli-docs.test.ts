import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { programOf, withSubcommands } from '../../src/cli/program.ts';
import type { Runtime } from '../../src/cli/runtime.ts';

const path = new URL('../../docs/cli.md', import.meta.url);

/** What help needs of a runtime. */
const runtime = {
  stdout: { write() {} },
  stderr: { write() {} },
  env: {},
  cwd: '/',
} as unknown as Runtime;

function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** A command's help as the program prints it, examples included. */
function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => parts.push(text) });
  command.outputHelp();
  return parts.join('').trim();
}

function pages(): string {
  const commands = withSubcommands(programOf(runtime, () => {}));
  const sections = commands.map(
    (command) => `## ${nameOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`,
  );
  return [
    '# Command line\n',
    'What `triptych COMMAND --help` prints. In a clone of the repository `npx triptych` runs it after `npm run build`.',
    'Data goes to standard output (`--json`: one line of JSON, which is the answer of the API where there is one),',
    'progress to standard error, with a bar on a terminal. Settings come from flags, a file (`--config`) and the',
    'environment: [settings.md](settings.md).\n',
    ...sections,
  ].join('\n');
}

describe('docs/cli.md', () => {
  it('is what the program says of itself (WRITE_DOCS=1 writes it)', () => {
    const real = pages();
    if (process.env.WRITE_DOCS === '1') writeFileSync(path, real);
    expect(readFileSync(path, 'utf8')).toBe(real);
  });

  it('gives every command that does something examples', () => {
    const commands = withSubcommands(programOf(runtime, () => {}));
    const leaves = commands.filter((command) => command.commands.length === 0);
    expect(leaves.length).toBeGreaterThan(12);
    for (const command of leaves) {
      expect(helpOf(command), nameOf(command)).toContain(`triptych ${command.name()}`.slice(0, 8));
      expect(helpOf(command), nameOf(command)).toContain('Examples:');
    }
  });
});
