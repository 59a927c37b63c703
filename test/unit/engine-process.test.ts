import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  isAlive,
  processTree,
  runningPid,
  startServer,
  stopServer,
  untilAnswered,
} from '../../scripts/engines/process.mjs';

let folder = '';
let pidFile = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-process-'));
  pidFile = join(folder, 'server.pid');
});
afterEach(async () => {
  await stopServer(pidFile, { signal: 'SIGKILL' });
  rmSync(folder, { recursive: true, force: true });
});

const start = (script: string): Promise<number> =>
  startServer('sh', ['-c', script], { pidFile, logFile: join(folder, 'server.log') });

const lines = (): string[] => readFileSync(join(folder, 'server.log'), 'utf8').split('\n');

const says = (line: string): Promise<void> =>
  untilAnswered(
    async () => {
      if (!lines().includes(line)) throw new Error(`the log has no ${line}`);
    },
    { withinMs: 10_000, everyMs: 10 },
  );

describe.skipIf(process.platform === 'win32')('a server of the engines (not on Windows)', () => {
  it('is found by its pid file while it runs, writes its log, and is gone after it was stopped', async () => {
    const pid = await start('echo ready; exec sleep 60');
    await says('ready');
    expect(runningPid(pidFile)).toBe(pid);
    expect(await stopServer(pidFile)).toBe(true);
    expect(isAlive(pid)).toBe(false);
    expect(runningPid(pidFile)).toBeNull();
    expect(await stopServer(pidFile)).toBe(false);
  });

  it('is killed with all that it started when it does not heed the signal, frozen or not', async () => {
    const pid = await start('trap "" TERM; sleep 60 & echo ready; wait; sleep 60');
    await says('ready');
    const tree = processTree(pid);
    expect(tree.length).toBeGreaterThan(1);
    process.kill(pid, 'SIGSTOP');
    await stopServer(pidFile, { graceMs: 200 });
    expect(tree.filter(isAlive)).toEqual([]);
  });

  it('is not another process that was given its pid', async () => {
    const pid = await start('exec sleep 60');
    expect(runningPid(pidFile)).toBe(pid);
    const written = readFileSync(pidFile, 'utf8');
    writeFileSync(pidFile, `${process.pid} 12345\n`);
    if (process.platform === 'linux') expect(runningPid(pidFile)).toBeNull();
    writeFileSync(pidFile, written);
  });

  it('cannot be started by a command that is not there', async () => {
    await expect(
      startServer('no-such-command', [], { pidFile, logFile: join(folder, 'server.log') }),
    ).rejects.toThrow('ENOENT');
  });

  it('is waited for until it answers, and no longer than it lives', async () => {
    let asked = 0;
    const answer = async (): Promise<number> => {
      asked += 1;
      if (asked < 3) throw new Error('not yet');
      return asked;
    };
    expect(await untilAnswered(answer, { withinMs: 10_000, everyMs: 1 })).toBe(3);
    const never = async (): Promise<never> => {
      throw new Error('refused');
    };
    await expect(untilAnswered(never, { withinMs: 10_000, alive: () => false })).rejects.toThrow(
      'it ended before it was ready: refused',
    );
    await expect(untilAnswered(never, { withinMs: 5, everyMs: 1 })).rejects.toThrow(
      'it was not ready within 0.005 s: refused',
    );
  });
});
