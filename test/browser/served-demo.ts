import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The real program over the demo, in a folder of its own; may be started again with other arguments. */
export class ServedDemo {
  readonly folder = mkdtempSync(join(tmpdir(), 'triptych-browser-'));
  url = '';
  #child: ChildProcess | null = null;

  async start(...args: readonly string[]): Promise<void> {
    const child = spawn(
      process.execPath,
      [main, 'serve', '--port', '0', '--data-dir', 'data', '--json', ...args],
      {
        cwd: this.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const line = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes('\n')) resolve(text);
      });
      child.once('close', (code) => reject(new Error(`the service ended with ${code}: ${said}`)));
    });
    this.url = (JSON.parse(line) as { url: string }).url;
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await closed;
  }

  /** Runs another command of the program in the folder, and gives what it printed. */
  run(...args: readonly string[]): string {
    return execFileSync(process.execPath, [main, ...args], { cwd: this.folder, encoding: 'utf8' });
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Somebody who likes one film, wants nothing she knows, at most PG, and one film a director among the first five. */
  async introduceAnn(): Promise<void> {
    const constraints = [
      { kind: 'hideSeen' },
      { kind: 'quota', facet: 'directors', max: 1, within: 5 },
      { kind: 'maxRating', field: 'mpaa', value: 'PG' },
    ];
    await this.call('PUT', '/v1/users/ann/policy', { constraints });
    const event = { event_id: 'e1', user: 'ann', document: 'toy-story-1995-11-22', type: 'like' };
    await this.call('POST', '/v1/events', { events: [event] });
  }

  async call(method: string, path: string, body: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}
