// Every engine by name, and what is done with several at once.
import { milvus, milvusTls } from './milvus.mjs';
import { neo4j, neo4j2026 } from './neo4j.mjs';
import * as postgres from './postgres.mjs';
import { portTaken } from './process.mjs';
import * as redis from './redis.mjs';
import * as toxiproxy from './toxiproxy.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */
/** @typedef {typeof redis} Engine */

/** @type {Record<string, Engine>} */
export const engines = Object.fromEntries(
  [postgres, redis, toxiproxy, milvus, milvusTls, neo4j, neo4j2026].map((engine) => [engine.name, engine]),
);

/** What `up` starts unless engines are named: one of each kind. */
export const usualNames = ['postgres', 'redis', 'toxiproxy', 'milvus', 'neo4j'];

/**
 * Installs what is missing, starts what does not run, and waits until each answers a query.
 * @param {EngineSet} set
 * @param {string[]} names
 * @returns {Promise<{ name: string, failure: string | null, started: boolean }[]>} one entry an engine, in that order
 */
export function up(set, names) {
  return Promise.all(names.map((name) => upOne(set, engines[name])));
}

async function upOne(set, engine) {
  const own = { ...set, say: (line) => set.say(`${engine.name}: ${line}`) };
  const began = Date.now();
  try {
    if (engine.pid(own) !== null) {
      own.say(`${await engine.waitReady(own)} runs already.`);
      return { name: engine.name, failure: null, started: false };
    }
    await engine.install(own);
    const port = own.port(engine.ports.main);
    if (await portTaken(port)) throw new Error(`port ${port} is taken by something else`);
    own.say('starting ...');
    await engine.start(own);
    const version = await engine.waitReady(own);
    own.say(`${version} is ready on port ${port}, ${((Date.now() - began) / 1000).toFixed(1)} s.`);
    return { name: engine.name, failure: null, started: true };
  } catch (error) {
    own.say(`NOT AVAILABLE: ${error.message}`);
    return { name: engine.name, failure: error.message, started: false };
  }
}

/**
 * @param {EngineSet} set
 * @param {string[]} names
 */
export async function down(set, names) {
  await Promise.all(
    names.map(async (name) => {
      if (await engines[name].stop(set)) set.say(`${name}: stopped.`);
    }),
  );
}

/**
 * @param {EngineSet} set
 * @param {string[]} names
 * @returns {Promise<{ name: string, pid: number | null, port: number, version: string | null, failure: string | null }[]>}
 */
export function status(set, names) {
  return Promise.all(
    names.map(async (name) => {
      const engine = engines[name];
      const entry = {
        name,
        pid: engine.pid(set),
        port: set.port(engine.ports.main),
        version: null,
        failure: null,
      };
      if (entry.pid === null) return entry;
      try {
        return { ...entry, version: await engine.version(set) };
      } catch (error) {
        return { ...entry, failure: error.message.split('\n')[0] };
      }
    }),
  );
}

/**
 * @param {EngineSet} set
 * @param {string[]} names
 * @returns {Record<string, string>} settings by which the service and its tests reach these engines
 */
export function env(set, names) {
  return Object.assign({}, ...names.map((name) => engines[name].env(set)));
}
