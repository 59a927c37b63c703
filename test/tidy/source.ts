import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One import, re-export, dynamic import or import type of a module. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Repository path of a relative import; null for packages and built-ins. */
  readonly target: string | null;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A function with a name, or the name of what it is assigned to. */
export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface Source {
  /** Repository path with forward slashes: `src/domain/plan.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionSize[];
  /** Names that this file declares: variables, functions, classes, types, members, parameters. */
  readonly declared: readonly { readonly name: string; readonly line: number }[];
  /** Lines with the type `any`. */
  readonly anyLines: readonly number[];
  /** Calls as written, `a.b.c`, and their line. */
  readonly calls: readonly { readonly callee: string; readonly line: number }[];
}

/** Every file below the folders with one of the endings, as repository paths. */
export function filesBelow(folders: readonly string[], ending: RegExp): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && ending.test(entry.name))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')),
    )
    .filter((path) => !path.includes('/node_modules/'))
    .sort();
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function readSources(folders: readonly string[]): Source[] {
  return filesBelow(folders, /\.tsx?$/).map((path) => parseSource(path, readText(path)));
}

type Node = { readonly type: string; readonly start: number; readonly end: number } & Record<string, unknown>;

/** Parses one TypeScript file into what the rules look at. */
export function parseSource(path: string, text: string): Source {
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  const reader = new Reader(path, lineStarts);
  reader.visit(parseAst(text, { lang: path.endsWith('.tsx') ? 'tsx' : 'ts' }) as unknown as Node, null);
  const lineCount = text.endsWith('\n') ? lineStarts.length - 1 : lineStarts.length;
  return { path, text, lineCount, ...reader.found };
}

class Reader {
  readonly found = {
    imports: [] as Import[],
    functions: [] as FunctionSize[],
    declared: [] as { name: string; line: number }[],
    anyLines: [] as number[],
    calls: [] as { callee: string; line: number }[],
  };
  readonly #path: string;
  readonly #lineStarts: readonly number[];

  constructor(path: string, lineStarts: readonly number[]) {
    this.#path = path;
    this.#lineStarts = lineStarts;
  }

  visit(node: Node, parent: Node | null): void {
    this.#imports(node);
    this.#functions(node, parent);
    this.#names(node);
    if (node.type === 'TSAnyKeyword') this.found.anyLines.push(this.#line(node.start));
    if (node.type === 'CallExpression')
      this.found.calls.push({ callee: calleeName(node.callee as Node), line: this.#line(node.start) });
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) this.visit(child, node);
  }

  #imports(node: Node): void {
    if (!/^(Import(Declaration|Expression)|Export(Named|All)Declaration|TSImportType)$/.test(node.type))
      return;
    const source = (node.source ?? node.argument) as Node | null;
    if (!isNode(source) || typeof source.value !== 'string') return;
    const specifiers = (node.specifiers ?? []) as Node[];
    const typeOnly =
      node.type === 'TSImportType' ||
      node.importKind === 'type' ||
      node.exportKind === 'type' ||
      (specifiers.length > 0 &&
        specifiers.every(({ importKind, exportKind }) => importKind === 'type' || exportKind === 'type'));
    const specifier = source.value;
    const target = specifier.startsWith('.')
      ? posix.normalize(posix.join(posix.dirname(this.#path), specifier))
      : null;
    this.found.imports.push({ specifier, target, typeOnly, line: this.#line(node.start) });
  }

  #functions(node: Node, parent: Node | null): void {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const named = (node.id ?? parent?.key ?? parent?.id) as Node | null | undefined;
    const name = isNode(named) && typeof named.name === 'string' ? named.name : '(anonymous)';
    const lines = this.#line(node.end) - this.#line(node.start) + 1;
    this.found.functions.push({ name, line: this.#line(node.start), lines });
  }

  #names(node: Node): void {
    const declaring =
      /^(VariableDeclarator|FunctionDeclaration|Class(Declaration|Expression)|TS(TypeAlias|Interface|Enum)Declaration)$/;
    if (declaring.test(node.type)) this.#declare(node.id);
    if (/^(MethodDefinition|PropertyDefinition|TSPropertySignature|TSMethodSignature)$/.test(node.type))
      this.#declare(node.key);
    if (Array.isArray(node.params)) for (const parameter of node.params) this.#declare(parameter);
  }

  #declare(node: unknown): void {
    if (isNode(node) && typeof node.name === 'string')
      this.found.declared.push({ name: node.name, line: this.#line(node.start) });
  }

  /** 1-based line of an offset. */
  #line(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function calleeName(node: Node): string {
  if (typeof node.name === 'string') return node.name;
  if (node.type !== 'MemberExpression') return '';
  const property = node.property as Node;
  return `${calleeName(node.object as Node)}.${typeof property.name === 'string' ? property.name : ''}`;
}
