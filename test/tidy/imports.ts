import type { Source } from './source.ts';

/** Who may import whom. A folder not named here may import nothing; single files are named with their path. */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/limits.ts': [
    'src/command-limits.ts',
    'src/mcp-limits.ts',
    'src/milvus-limits.ts',
    'src/neo4j-limits.ts',
    'src/rerank-limits.ts',
    'src/store-limits.ts',
    'src/word-limits.ts',
  ],
  'src/command-limits.ts': [],
  'src/mcp-limits.ts': [],
  'src/eval-limits.ts': [],
  'src/milvus-limits.ts': [],
  'src/neo4j-limits.ts': [],
  'src/rerank-limits.ts': [],
  'src/store-limits.ts': [],
  'src/word-limits.ts': [],
  'src/std': [],
  'src/domain': ['src/std', 'src/limits.ts', 'src/errors.ts'],
  'src/ports': ['src/domain', 'src/errors.ts', 'src/limits.ts'],
  'src/wire': ['src/domain', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/ingest': ['src/domain', 'src/ports', 'src/wire', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/search': ['src/ports', 'src/domain', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/native': ['src/ports', 'src/domain', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/adapters': ['src/ports', 'src/domain', 'src/native', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/http': ['src/wire', 'src/ports', 'src/domain', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/client': ['src/wire', 'src/errors.ts'],
  'src/mcp': [
    'src/client',
    'src/wire',
    'src/ports',
    'src/domain',
    'src/std',
    'src/errors.ts',
    'src/limits.ts',
  ],
  'src/eval': ['src/wire', 'src/domain', 'src/std', 'src/errors.ts', 'src/eval-limits.ts'],
  'src/config': ['src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/demo': ['src/ingest', 'src/ports', 'src/domain', 'src/std', 'src/errors.ts', 'src/limits.ts'],
  'src/cli': [
    'src/client',
    'src/compose.ts',
    'src/demo',
    'src/eval',
    'src/eval-limits.ts',
    'src/http',
    'src/ingest',
    'src/mcp',
    'src/config',
    'src/wire',
    'src/ports',
    'src/domain',
    'src/std',
    'src/errors.ts',
    'src/limits.ts',
  ],
  'src/compose-rerankers.ts': [
    'src/adapters',
    'src/search',
    'src/config',
    'src/ports',
    'src/domain',
    'src/std',
    'src/errors.ts',
    'src/limits.ts',
  ],
  'src/compose-database.ts': ['src/adapters', 'src/config', 'src/errors.ts'],
  'src/compose-embedder.ts': ['src/adapters', 'src/search', 'src/config', 'src/ports', 'src/limits.ts'],
  'src/compose-inspect.ts': [
    'src/compose-stores.ts',
    'src/search',
    'src/config',
    'src/ports',
    'src/errors.ts',
    'src/limits.ts',
  ],
  'src/compose-listen.ts': ['src/adapters', 'src/http', 'src/config', 'src/ports', 'src/limits.ts'],
  'src/compose-rebuild.ts': [
    'src/compose-stores.ts',
    'src/adapters',
    'src/search',
    'src/config',
    'src/domain',
    'src/ports',
    'src/errors.ts',
  ],
  'src/compose-start.ts': ['src/search', 'src/ports', 'src/errors.ts', 'src/limits.ts'],
  'src/compose-stores.ts': [
    'src/adapters',
    'src/search',
    'src/config',
    'src/ports',
    'src/domain',
    'src/std',
    'src/errors.ts',
    'src/limits.ts',
  ],
  'src/compose.ts': [
    'src/compose-database.ts',
    'src/compose-rerankers.ts',
    'src/compose-embedder.ts',
    'src/compose-inspect.ts',
    'src/compose-listen.ts',
    'src/compose-rebuild.ts',
    'src/compose-start.ts',
    'src/compose-stores.ts',
    'src/adapters',
    'src/search',
    'src/http',
    'src/config',
    'src/ports',
    'src/domain',
    'src/std',
    'src/errors.ts',
    'src/limits.ts',
  ],
  playground: [],
  'src/index.ts': [
    'src/compose.ts',
    'src/config',
    'src/domain',
    'src/errors.ts',
    'src/ports',
    'src/http',
    'src/wire',
  ],
};

/** Adapters stand alone, except that an engine may use the SQL that all SQL engines share. */
const adapterMayImport: Readonly<Record<string, readonly string[]>> = {
  'src/adapters/pglite': ['src/adapters/sql'],
  'src/adapters/postgres': ['src/adapters/sql'],
};

/** Packages and built-ins by folder: `domain` and `ports` are pure, a vendor SDK lives in its adapter only. */
const outsideImports: Readonly<Record<string, RegExp>> = {
  playground: /^(preact(\/hooks)?|vite|node:url)$/,
  'src/std': /^node:/,
  'src/domain': /^(node:crypto|stemmer)$/,
  'src/ports': /^$/,
  'src/search': /^node:(crypto|timers\/promises)$/,
  'src/wire': /^zod$/,
  'src/client': /^zod$/,
  'src/eval': /^zod$/,
  'src/ingest': /^(zod|node:.*)$/,
  'src/native': /^node:(child_process|fs|module|os|url)$/,
  'src/mcp': /^(zod|node:.*|@modelcontextprotocol\/server(\/stdio)?)$/,
  'src/config': /^(zod|node:.*)$/,
  'src/cli': /^(commander|zod|node:.*)$/,
  'src/errors.ts': /^$/,
  'src/limits.ts': /^$/,
  'src/command-limits.ts': /^$/,
  'src/mcp-limits.ts': /^$/,
  'src/eval-limits.ts': /^$/,
  'src/milvus-limits.ts': /^$/,
  'src/neo4j-limits.ts': /^$/,
  'src/rerank-limits.ts': /^$/,
  'src/store-limits.ts': /^$/,
  'src/word-limits.ts': /^$/,
};

/** Imports that the table does not allow, as `file:line imports X: why`. */
export function importViolations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ specifier, target, typeOnly, line }) => {
      if (typeOnly && isWireType(source.path, target ?? specifier)) return [];
      const why =
        target === null ? outsideProblem(source.path, specifier) : insideProblem(source.path, target);
      return why === null ? [] : [`${source.path}:${line} imports ${specifier}: ${why}`];
    }),
  );
}

/** The page knows the wire as types; nothing of the service is in its bundle. */
function isWireType(from: string, to: string): boolean {
  return placeOf(from) === 'playground' && /^(src\/wire\/|zod$)/.test(to);
}

function insideProblem(from: string, to: string): string | null {
  if (!/\.tsx?$/.test(to)) return 'write the extension';
  const [own, other] = [placeOf(from), placeOf(to)];
  const allowed = importTable[own];
  if (allowed === undefined) return `${own} is not in the import table`;
  if (own !== other) return allowed.includes(other) ? null : `${own} may not import ${other}`;
  if (own !== 'src/adapters') return null;
  const [adapter, otherAdapter] = [adapterOf(from), adapterOf(to)];
  if (adapter === otherAdapter || adapterMayImport[adapter]?.includes(otherAdapter)) return null;
  return `${adapter} may not import ${otherAdapter}`;
}

function outsideProblem(from: string, specifier: string): string | null {
  const allowed = outsideImports[placeOf(from)];
  return allowed === undefined || allowed.test(specifier) ? null : `${placeOf(from)} may not use it`;
}

/** `src/wire/bulk.ts` -> `src/wire`; a file directly in src stands for itself; the playground is one place. */
function placeOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] === 'playground') return 'playground';
  return parts.length <= 2 ? path : parts.slice(0, 2).join('/');
}

function adapterOf(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}

/** What files of a folder load at run time from outside of it: packages, built-ins and other folders. */
export function loadedFromOutside(sources: readonly Source[], folder: string): string[] {
  return sources
    .filter(({ path }) => path.startsWith(`${folder}/`))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ typeOnly, target }) => !typeOnly && target?.startsWith(`${folder}/`) !== true)
        .map(({ specifier, line }) => `${path}:${line} loads ${specifier}`),
    );
}

/** Import cycles, types included: each as `a -> b -> a`. */
export function importCycles(sources: readonly Source[]): string[] {
  const graph = new Map(
    sources.map((source) => [source.path, source.imports.flatMap(({ target }) => target ?? [])]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(' -> '));
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return cycles;
}

/** Files of src and playground that nothing reaches from the entries: dead. Workers are reached by their file name. */
export function unreachable(sources: readonly Source[], entries: readonly string[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const seen = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const source = byPath.get(path);
    if (source === undefined || seen.has(path)) continue;
    seen.add(path);
    const folder = path.slice(0, path.lastIndexOf('/'));
    const workers = [...source.text.matchAll(/workerUrl\([^,()]*,\s*'\.\/([\w.-]+)\.js'\)/g)];
    open.push(...source.imports.flatMap(({ target }) => target ?? []));
    open.push(...workers.map(([, name]) => `${folder}/${name}.ts`));
  }
  return sources
    .map(({ path }) => path)
    .filter((path) => /^(src|playground)\//.test(path) && !seen.has(path));
}
