import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts';

const fileName = 'triptych.lock';
const attemptPauseMs = 50;
/** Longer than what a process that was killed in the midst of a takeover can stand in the way. */
const attemptsMax = Math.ceil((limits.lockStaleMs + 2_000) / attemptPauseMs);

/** What the lock file says about its holder. */
export interface LockRecord extends ProcessIdentity {
  /** Tells one taking of the lock from the next. */
  readonly token: string;
  /** Address of the server that holds the folder, once it listens. */
  readonly url: string | null;
}

export interface DataDirLock {
  recordUrl(url: string): Promise<void>;
  release(): Promise<void>;
}

/** Who holds the folder now, or null when nobody (alive) does. */
export async function readLock(dataDir: string): Promise<LockRecord | null> {
  const path = join(dataDir, fileName);
  const record = await readRecord(path);
  return record !== null && (await isHeld(path, record)) ? record : null;
}

/**
 * Takes the data folder for this process, making it if it is missing. The lock of a process that is gone is taken over.
 * @throws TriptychError data_dir_locked, with the holder's `pid` and `url` as members
 */
export async function acquireDataDirLock(dataDir: string): Promise<DataDirLock> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(dataDir, error);
  }
  const path = join(dataDir, fileName);
  const record: LockRecord = { ...ownIdentity(), token: randomUUID(), url: null };
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    if (await create(path, record)) return heldLock(path, record);
    const holder = await readRecord(path);
    if (holder !== null && (await isHeld(path, holder))) throw lockedError(dataDir, holder);
    if (!(await removeStale(path))) await delay(attemptPauseMs);
  }
  throw new TriptychError('data_dir_locked', `the lock of ${resolve(dataDir)} could not be taken; try again`);
}

function heldLock(path: string, taken: LockRecord): DataDirLock {
  let record = taken;
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A missed beat matters only to a process that cannot see this one; the next beat makes it good.
    utimes(path, now, now).catch(() => undefined);
  }, limits.lockHeartbeatMs);
  heartbeat.unref();
  return {
    recordUrl: async (url) => {
      record = { ...record, url };
      const temporary = `${path}.${record.token}`;
      await writeFile(temporary, JSON.stringify(record), { mode: 0o600 });
      await rename(temporary, path);
    },
    release: async () => {
      clearInterval(heartbeat);
      const present = await readRecord(path);
      if (present?.token === record.token) await rm(path, { force: true });
    },
  };
}

/** Creates the file with its content in one step, so that nobody reads half a record; false: it exists. */
async function create(path: string, record: LockRecord): Promise<boolean> {
  const temporary = `${path}.${record.token}`;
  try {
    await writeFile(temporary, JSON.stringify(record), { mode: 0o600 });
    await link(temporary, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    // Some file systems have no hard links: exclusive creation is the next best.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'ENOSYS')
      return createExclusively(path, record);
    throw unwritable(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function createExclusively(path: string, record: LockRecord): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a lock whose holder is gone. Only who holds the takeover file may remove, and looks again before: else a
 * slow process would remove the lock that a faster one has just taken. false: nothing was removed, look again later.
 */
async function removeStale(path: string): Promise<boolean> {
  const takeover = `${path}.takeover`;
  try {
    await (await open(takeover, 'wx', 0o600)).close();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    // Held for milliseconds; an old one is what a killed process left.
    if ((await ageMs(takeover)) > limits.lockStaleMs) await rm(takeover, { force: true });
    return false;
  }
  try {
    const record = await readRecord(path);
    const unreadable = record === null && (await ageMs(path)) > attemptPauseMs * 4;
    const stale = unreadable || (record !== null && !(await isHeld(path, record)));
    if (stale) await rm(path, { force: true });
    return stale;
  } finally {
    await rm(takeover, { force: true });
  }
}

/** Whether the holder lives: asked of the system where it can be seen from here, else read off its heartbeat. */
async function isHeld(path: string, record: LockRecord): Promise<boolean> {
  return isRunning(record) ?? (await ageMs(path)) < limits.lockStaleMs;
}

async function readRecord(path: string): Promise<LockRecord | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRecord(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function isRecord(value: unknown): value is LockRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof LockRecord, unknown>>;
  const texts = [record.token, record.startTime, record.space];
  return (
    Number.isInteger(record.pid) &&
    texts.every((text) => typeof text === 'string') &&
    (record.url === null || typeof record.url === 'string')
  );
}

/** Age of a file by its modification time; 0 when it has just gone. */
async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

function lockedError(dataDir: string, holder: LockRecord): TriptychError {
  const own = holder.pid === process.pid ? 'this process already' : `process ${holder.pid}`;
  const where = holder.url === null ? '' : ` (${holder.url})`;
  const advice =
    holder.url === null
      ? 'stop it or choose another data folder'
      : 'send the request to that address, stop it, or choose another data folder';
  return new TriptychError(
    'data_dir_locked',
    `the data folder ${resolve(dataDir)} is in use by ${own}${where}: ${advice}`,
    { members: { pid: holder.pid, url: holder.url } },
  );
}

function unwritable(path: string, cause: unknown): TriptychError {
  return new TriptychError('unavailable', `${resolve(path)} cannot be written (${String(codeOf(cause))})`, {
    cause,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
