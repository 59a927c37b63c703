import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** The compiled program as processes in a folder of their own. */
export class CliProcesses {
  readonly folder = mkdtempSync(join(tmpdir(), 'triptych-cli-'));
  readonly #servers: ChildProcess[] = [];

  /** Runs a command to its end. */
  run(
    args: readonly string[],
    options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
    const child = this.#start(args, options.env);
    const [out, err]: string[][] = [[], []];
    child.stdout!.on('data', (text: Buffer) => out!.push(text.toString()));
    child.stderr!.on('data', (text: Buffer) => err!.push(text.toString()));
    child.stdin!.on('error', () => {});
    child.stdin!.end(options.input ?? '');
    return new Promise((resolve) =>
      child.once('close', (code) => resolve({ code, stdout: out!.join(''), stderr: err!.join('') })),
    );
  }

  /** A server until `stop`, on a free port. */
  async serve(...args: readonly string[]): Promise<{ readonly url: string; stop(): Promise<void> }> {
    const child = this.#start(['serve', '--json', '--port', '0', ...args]);
    this.#servers.push(child);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const url = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stderr!.resume();
      child.stdout!.on('data', (part: Buffer) => {
        text += part.toString();
        if (text.includes('\n')) resolve((JSON.parse(text) as { url: string }).url);
      });
      child.once('close', (code) => reject(new Error(`the server ended with ${code}`)));
    });
    return {
      url,
      stop: () => {
        child.kill('SIGTERM');
        return ended;
      },
    };
  }

  async remove(): Promise<void> {
    const running = this.#servers.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    await Promise.all(
      running.map((child) => {
        child.kill('SIGKILL');
        return new Promise((resolve) => child.once('close', resolve));
      }),
    );
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }

  #start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(process.execPath, [main, ...args], { cwd: this.folder, env: { ...process.env, ...env } });
  }
}
