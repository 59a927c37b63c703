// toxiproxy, built by go install: a proxy between the service and a store that adds latency, resets and silence.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EngineUnavailable, installOnce, needPackage, onPath, tool } from './install.mjs';
import { runningPid, startServer, stopServer, untilAnswered } from './process.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */

export const name = 'toxiproxy';
export const ports = { main: 58_474 };

const release = '2.12.0';
const module = 'github.com/Shopify/toxiproxy/v2';
const program = (set) => join(set.programs, `toxiproxy-${release}`);

/** @param {EngineSet} set */
export async function install(set) {
  const folder = program(set);
  await installOnce(folder, `${module} v${release}`, async () => {
    await needPackage(set, 'golang', () => onPath('go'));
    set.say('building toxiproxy ...');
    await tool(
      set,
      'go',
      ['install', '-ldflags', `-X ${module}.Version=${release}`, `${module}/cmd/server@v${release}`],
      { env: { ...process.env, GOBIN: folder } },
    );
  });
}

/** @param {EngineSet} set */
export async function start(set) {
  const folder = join(set.folder, 'toxiproxy');
  mkdirSync(folder, { recursive: true });
  const args = ['-host', '127.0.0.1', '-port', String(set.port(ports.main))];
  const logFile = join(folder, 'toxiproxy.log');
  const env = { ...process.env, LOG_LEVEL: 'warn' };
  await startServer(join(program(set), 'server'), args, { pidFile: pidFile(set), logFile, cwd: folder, env });
}

/** @param {EngineSet} set */
export async function waitReady(set) {
  const alive = () => pid(set) !== null;
  return untilAnswered(() => version(set), { withinMs: 15_000, alive });
}

/** @param {EngineSet} set */
export const stop = (set) => stopServer(pidFile(set));

/** @param {EngineSet} set */
export const pid = (set) => runningPid(pidFile(set));

/** @param {EngineSet} set */
export async function version(set) {
  const answer = await fetch(`${address(set)}/version`, { signal: AbortSignal.timeout(2_000) });
  if (!answer.ok) throw new EngineUnavailable(`toxiproxy says ${answer.status}`);
  return (await answer.json()).version;
}

/** @param {EngineSet} set */
export function env(set) {
  return { TRIPTYCH_TEST_TOXIPROXY_URL: address(set) };
}

const address = (set) => `http://127.0.0.1:${set.port(ports.main)}`;
const pidFile = (set) => join(set.folder, 'toxiproxy.pid');
