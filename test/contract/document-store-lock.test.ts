import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireDataDirLock, readLock } from '../../src/adapters/pglite/data-dir-lock.ts';
import { isRunning, ownIdentity } from '../../src/adapters/pglite/process-identity.ts';
import { limits } from '../../src/limits.ts';

const child = join(import.meta.dirname, '../support/store-child.mjs');
const onLinux = process.platform === 'linux';

describe('the lock of a data folder', () => {
  let dataDir: string;
  let lockFile: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'triptych-lock-')), 'data');
    lockFile = join(dataDir, 'triptych.lock');
  });
  afterEach(async () => {
    for (const one of children.splice(0)) await ended(one, () => one.kill('SIGKILL'));
    rmSync(join(dataDir, '..'), { recursive: true, force: true });
  });

  /** Another process that holds the lock. */
  async function holder(...args: string[]): Promise<ChildProcess> {
    const one = spawn(process.execPath, [child, 'hold', dataDir, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(one);
    await new Promise<void>((resolve, reject) => {
      one.stdout?.once('data', () => resolve());
      one.once('exit', (status) => reject(new Error(`the holder ended with ${status}`)));
    });
    return one;
  }

  function ended(one: ChildProcess, kill: () => void): Promise<void> {
    if (one.exitCode !== null || one.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      one.once('exit', () => resolve());
      kill();
    });
  }

  it('makes the folder, is seen while it is held, and is gone after its release', async () => {
    expect(await readLock(dataDir)).toBeNull();
    const lock = await acquireDataDirLock(dataDir);
    expect(await readLock(dataDir)).toMatchObject({ pid: process.pid, url: null });
    await lock.release();
    expect(await readLock(dataDir)).toBeNull();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('shuts a second process out and tells it whom to ask', async () => {
    const one = await holder('http://127.0.0.1:8080');
    const refused = acquireDataDirLock(dataDir);
    await expect(refused).rejects.toMatchObject({
      code: 'data_dir_locked',
      members: { pid: one.pid, url: 'http://127.0.0.1:8080' },
    });
    await expect(refused).rejects.toThrow(`process ${one.pid} (http://127.0.0.1:8080)`);
    await expect(refused).rejects.toThrow(/choose another data folder/);
    expect(await readLock(dataDir)).toMatchObject({ pid: one.pid, url: 'http://127.0.0.1:8080' });
  });

  it('shuts the same process out', async () => {
    const lock = await acquireDataDirLock(dataDir);
    await expect(acquireDataDirLock(dataDir)).rejects.toThrow(/this process already/);
    await lock.release();
    await (await acquireDataDirLock(dataDir)).release();
  });

  it('of a killed process is taken over', async () => {
    const one = await holder();
    await ended(one, () => one.kill('SIGKILL'));
    expect(existsSync(lockFile)).toBe(true);
    expect(await readLock(dataDir)).toBeNull();
    const lock = await acquireDataDirLock(dataDir);
    expect(await readLock(dataDir)).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it.skipIf(!onLinux)('of a process whose pid was given to another is taken over (needs /proc)', async () => {
    const lock = await acquireDataDirLock(dataDir);
    const record = JSON.parse(readFileSync(lockFile, 'utf8'));
    await lock.release();
    writeFileSync(lockFile, JSON.stringify({ ...record, startTime: '1' }));
    await (await acquireDataDirLock(dataDir)).release();
  });

  it('of a process that cannot be seen holds while its heart beats', async () => {
    const foreign = { ...ownIdentity(), space: 'another host', token: 't', url: null };
    await (await acquireDataDirLock(dataDir)).release();
    writeFileSync(lockFile, JSON.stringify(foreign));
    await expect(acquireDataDirLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_locked' });
    const longAgo = new Date(Date.now() - limits.lockStaleMs - 1_000);
    utimesSync(lockFile, longAgo, longAgo);
    await (await acquireDataDirLock(dataDir)).release();
  });

  it.each(['', '{', '[]', '{"pid":1}'])(
    'file with the content %j is what a crash left behind',
    async (content) => {
      await (await acquireDataDirLock(dataDir)).release();
      writeFileSync(lockFile, content);
      const lock = await acquireDataDirLock(dataDir);
      expect(await readLock(dataDir)).toMatchObject({ pid: process.pid });
      await lock.release();
    },
  );

  it('is given to one of many that ask at once, also when it is stale', async () => {
    await (await acquireDataDirLock(dataDir)).release();
    for (let round = 0; round < 10; round += 1) {
      if (round % 2 === 1) writeFileSync(lockFile, JSON.stringify({ ...staleRecord(), token: `t${round}` }));
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireDataDirLock(dataDir)));
      const taken = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(taken).toHaveLength(1);
      await taken[0]!.release();
    }
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is not released by one who lost it', async () => {
    const lost = await acquireDataDirLock(dataDir);
    rmSync(lockFile);
    const lock = await acquireDataDirLock(dataDir);
    await lost.release();
    expect(await readLock(dataDir)).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it('cannot be taken where nothing can be written', async () => {
    writeFileSync(join(dataDir, '..', 'file'), '');
    await expect(acquireDataDirLock(join(dataDir, '..', 'file', 'data'))).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('knows the living from the dead', async () => {
    expect(isRunning(ownIdentity())).toBe(true);
    expect(isRunning({ ...ownIdentity(), space: 'another host' })).toBeNull();
    expect(isRunning(staleRecord())).toBe(false);
  });
});

/** A pid beyond what any system gives. */
function staleRecord() {
  return { ...ownIdentity(), pid: 2 ** 30, url: null };
}
