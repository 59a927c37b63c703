import { z } from 'zod';
import { limits } from '../limits.ts';
import type { StoresConfig } from './store-config.ts';

/**
 * Every setting of the service, with its default and its meaning; docs/settings.md is checked against this table.
 * A setting `dataDir` is `data_dir` in the settings file, `TRIPTYCH_DATA_DIR` in the environment and `--data-dir` as
 * a flag. Values from the environment and from flags arrive as text, so numbers and yes/no values are read from it.
 */
export const settings = {
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; loopback only, unless there are API keys.'),
  port: integer(0, 65_535).default(8080).describe('TCP port to listen on; 0 takes any free one.'),
  keysFile: z
    .string()
    .min(1)
    .optional()
    .describe('JSON file of the API keys; with it, requests need one. See `triptych keys`.'),
  dataDir: z.string().min(1).default('.triptych').describe('Folder of the embedded stores; made if missing.'),
  demo: flag()
    .optional()
    .describe(
      'Load the demo catalogue when there is no catalogue and `schema` is not set; unless given: only into `data_dir`.',
    ),
  schema: z.string().min(1).optional().describe('Schema file of the catalogue to create when there is none.'),
  logLevel: z
    .enum(['info', 'warn', 'error', 'silent'])
    .default('warn')
    .describe('Least severe log line to write, to standard error.'),
  embedder: z
    .enum(['builtin', 'openai', 'none'])
    .default('builtin')
    .describe('What turns texts into vectors: the built-in model, an OpenAI-compatible server, or nothing.'),
  nativeVariant: z
    .enum(['auto', 'baseline', 'avx2', 'avx512', 'neon'])
    .default('auto')
    .describe('Kernels of the native scorer; auto takes the fastest that the processor runs.'),
  openaiUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe('Base URL of the OpenAI-compatible server, for example `http://localhost:11434/v1`.'),
  openaiModel: z.string().min(1).optional().describe('Model name to ask that server for.'),
  openaiKey: z.string().min(1).optional().describe('API key for that server; secret.'),
  openaiKeyFile: z
    .string()
    .min(1)
    .optional()
    .describe('File that holds the API key, instead of `openai_key`.'),
  openaiDimension: integer(1, limits.dimensionMax)
    .optional()
    .describe('Length of the vectors that the model returns.'),
  rerankBackend: z
    .enum(['auto', 'js', 'native', 'cuda', 'tfjs-gpu', 'tfjs-node', 'tfjs-wasm'])
    .default('auto')
    .describe('What scores candidates; `auto` measures what is there and takes the fastest.'),
  tfjsBackends: flag()
    .default(false)
    .describe('Let `auto` measure the tfjs backends that are installed, too.'),
  tfjsDir: z
    .string()
    .min(1)
    .optional()
    .describe('Folder with the tfjs-node packages in its `node_modules`, instead of the usual places.'),
  residentRowsMax: integer(1, limits.documentsMax)
    .optional()
    .describe('Documents of a catalogue whose vectors are kept in memory; needs `milvus_address`.'),
  postgresUrl: postgresUrl().describe(
    'Postgres that holds the truth instead of `data_dir`, as a user of the role `triptych_app`.',
  ),
  postgresUrlFile: text().describe('File that holds this URL, instead of `postgres_url`.'),
  postgresWorkerUrl: postgresUrl().describe(
    'The same database as a user of the role `triptych_worker`, for what runs in the background.',
  ),
  postgresWorkerUrlFile: text().describe('File that holds this URL, instead of `postgres_worker_url`.'),
  postgresOwnerUrl: postgresUrl().describe(
    'The same database as a user of the role `triptych_owner`; for `triptych db migrate` alone.',
  ),
  postgresOwnerUrlFile: text().describe('File that holds this URL, instead of `postgres_owner_url`.'),
  postgresCaFile: text().describe('PEM file of the authority that signed the certificate of Postgres.'),
  milvusAddress: text().describe('`host:port` of the Milvus that holds the vectors.'),
  milvusUser: text().describe('User at Milvus.'),
  milvusPassword: text().describe('Its password; secret.'),
  milvusPasswordFile: text().describe('File that holds the password, instead of `milvus_password`.'),
  milvusToken: text().describe('Token for Milvus, instead of a user and a password; secret.'),
  milvusTokenFile: text().describe('File that holds the token, instead of `milvus_token`.'),
  milvusTls: flag().default(false).describe('Speak TLS with Milvus.'),
  milvusCaFile: text().describe('PEM file of the authority that signed the certificate of Milvus.'),
  milvusDatabase: text().describe('Database within Milvus; its default one unless given.'),
  milvusIndex: z
    .enum(['hnsw', 'gpu_cagra'])
    .default('hnsw')
    .describe('Index that Milvus builds: `hnsw` on processors, or `gpu_cagra`.'),
  milvusCagraAdaptForCpu: flag()
    .optional()
    .describe('Search what `gpu_cagra` has built on processors, as HNSW; from Milvus 2.6.1 on.'),
  milvusShardBy: text().describe(
    'Facet or keyword field by whose first value documents are kept in collections of their own; one collection unless given.',
  ),
  neo4jUri: storeUrl(/^(bolt|neo4j)(\+s)?:$/, 'a bolt://, neo4j://, bolt+s:// or neo4j+s:// URI').describe(
    'Neo4j that holds the graph.',
  ),
  neo4jUser: z.string().min(1).default('neo4j').describe('User at Neo4j.'),
  neo4jPassword: text().describe('Its password; secret.'),
  neo4jPasswordFile: text().describe('File that holds the password, instead of `neo4j_password`.'),
  neo4jDatabase: text().describe('Database within Neo4j; the default one of the user unless given.'),
  neo4jCaFile: text().describe('PEM file of the authority that signed the certificate of Neo4j.'),
  redisUrl: storeUrl(/^rediss?:$/, 'a redis:// or rediss:// URL').describe(
    'Redis in which processes share what they cached.',
  ),
  redisPassword: text().describe('Password for Redis; secret.'),
  redisPasswordFile: text().describe('File that holds the password, instead of `redis_password`.'),
  redisCaFile: text().describe('PEM file of the authority that signed the certificate of Redis.'),
} as const;

export const settingsSchema = z.strictObject(settings);

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as SettingName[];

/** What a caller may give: every member optional, numbers and flags also as text. */
export type Settings = z.output<typeof settingsSchema>;

/** Which embedder runs and how it is reached. */
export type EmbedderConfig =
  | { readonly kind: 'builtin' }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'openai';
      readonly url: string;
      readonly model: string;
      readonly key: string | null;
      readonly dimension: number;
    };

/** The settings, checked together and complete; deep-frozen. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute path of the file of API keys; null: everybody who reaches the port may do everything. */
  readonly keysFile: string | null;
  /** Absolute path. */
  readonly dataDir: string;
  readonly demo: boolean;
  /** Absolute path of the schema file, or null. */
  readonly schema: string | null;
  readonly logLevel: 'info' | 'warn' | 'error' | 'silent';
  readonly embedder: EmbedderConfig;
  readonly rerankBackend: 'auto' | 'js' | 'native' | 'cuda' | 'tfjs-gpu' | 'tfjs-node' | 'tfjs-wasm';
  /** Whether the tfjs backends take part in `auto`. */
  readonly tfjsBackends: boolean;
  /** Absolute path of the folder in which the tfjs-node packages are looked for; null: the usual places. */
  readonly tfjsDir: string | null;
  /** Documents of a catalogue whose vectors are kept in memory; null: all. */
  readonly residentRowsMax: number | null;
  /** Stores outside the process. */
  readonly stores: StoresConfig;
  /** Kernels of the native scorer, where it is built. */
  readonly nativeVariant: 'auto' | 'baseline' | 'avx2' | 'avx512' | 'neon';
}

/** `dataDir` -> `data_dir`: the name in the settings file and in messages. */
export function fileName(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `dataDir` -> `TRIPTYCH_DATA_DIR` */
export function variableName(name: SettingName): string {
  return `TRIPTYCH_${fileName(name).toUpperCase()}`;
}

/** `dataDir` -> `--data-dir` */
export function flagName(name: SettingName): string {
  return `--${fileName(name).replaceAll('_', '-')}`;
}

function text() {
  return z.string().min(1).optional();
}

function postgresUrl() {
  return storeUrl(/^postgres(ql)?:$/, 'a postgres:// URL');
}

function storeUrl(protocol: RegExp, wanted: string) {
  return z
    .string()
    .refine((value) => URL.canParse(value) && protocol.test(new URL(value).protocol), {
      error: `must be ${wanted}`,
    })
    .optional();
}

function integer(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.int({ error: message }).min(min, message).max(max, message),
  );
}

const words: ReadonlyMap<unknown, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
]);

function flag() {
  return z.preprocess(
    (value) => words.get(typeof value === 'string' ? value.toLowerCase() : value) ?? value,
    z.boolean({ error: 'must be true or false' }),
  );
}
