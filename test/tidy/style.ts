import type { Source } from './source.ts';

/** Longest file and function, in lines. */
export const sizes = { srcFile: 300, otherFile: 400, function: 60 } as const;

/** What is shipped: the service and its page. */
function isProduct({ path }: { readonly path: string }): boolean {
  return /^(src|playground)\//.test(path);
}

export function sizeViolations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const inSrc = isProduct(source);
    const fileMax = inSrc ? sizes.srcFile : sizes.otherFile;
    const file =
      source.lineCount > fileMax
        ? [`${source.path} has ${source.lineCount} lines, more than ${fileMax}`]
        : [];
    const long = source.functions.filter(({ lines }) => inSrc && lines > sizes.function);
    return [
      ...file,
      ...long.map(
        ({ name, line, lines }) =>
          `${source.path}:${line} ${name} has ${lines} lines, more than ${sizes.function}`,
      ),
    ];
  });
}

/** Words that say nothing about what a thing is. */
const bannedWords = ['Manager', 'Helper', 'Helpers', 'Util', 'Utils', 'Impl', 'Service', 'Processor', 'Base'];

/** Names with a banned word in them, as a whole camel-case word: `KeyManager`, not `Baseline`. */
export function bannedNames(sources: readonly Source[]): string[] {
  return sources.filter(isProduct).flatMap((source) => {
    const file = source.path.split('/').flatMap((part) => part.replace(/\.tsx?$/, '').split('-'));
    const inPath = file.filter((word) => bannedWords.some((banned) => banned.toLowerCase() === word));
    const inCode = source.declared.filter(({ name }) =>
      name.split(/(?=[A-Z])|_|\$/).some((word) => bannedWords.includes(word)),
    );
    return [
      ...inPath.map((word) => `${source.path}: ${word} in the file's name`),
      ...inCode.map(({ name, line }) => `${source.path}:${line} ${name}`),
    ];
  });
}

/** File names that are not kebab-case. */
export function fileNameViolations(paths: readonly string[]): string[] {
  return paths.filter(
    (path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.[a-z]+$/.test(path.split('/').at(-1) ?? ''),
  );
}

const leftoverTexts: readonly { readonly pattern: RegExp; readonly say: string }[] = [
  { pattern: /\b(TODO|FIXME|XXX|HACK)\b/, say: 'finish it or say in the docs what is missing' },
  { pattern: /@ts-(ignore|nocheck|expect-error)/, say: 'mend the type' },
  { pattern: /biome-ignore(?!.*: \S)/, say: 'give the reason after a colon' },
];

const leftoverCalls: readonly { readonly pattern: RegExp; readonly say: string }[] = [
  { pattern: /^console\./, say: 'use the logger, or the stream that the command was given' },
  { pattern: /(^|\.)only$/, say: 'run all tests' },
  { pattern: /^x(it|describe|test)$/, say: 'use a skip that prints its reason' },
  { pattern: /^(it|test|describe|suite)\.(todo|fails)$/, say: 'write the test' },
];

/** Leftovers of work in progress. */
export function leftovers(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const texts = source.text
      .split('\n')
      .flatMap((line, index) =>
        leftoverTexts
          .filter(({ pattern }) => pattern.test(line))
          .map(({ pattern, say }) => `${source.path}:${index + 1} ${pattern.source}: ${say}`),
      );
    const calls = source.calls.flatMap(({ callee, line }) =>
      leftoverCalls
        .filter(({ pattern }) => pattern.test(callee))
        .map(({ say }) => `${source.path}:${line} ${callee}(): ${say}`),
    );
    const anys = source.anyLines.map((line) => `${source.path}:${line} any: name the type, or unknown`);
    return [...texts, ...calls, ...anys];
  });
}

/** Skipped tests without a printed reason: a skip must be conditional or name why in its title or message. */
export function silentSkips(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    source.calls
      .filter(({ callee }) => /^(it|test|describe)\.skip$/.test(callee))
      .map(
        ({ line }) =>
          `${source.path}:${line} skip: use skipIf with the reason in the title, or context.skip(reason)`,
      ),
  );
}

/** Paths of one machine, and hosts of registries, that must not be in the repository. */
const machineText = new RegExp(
  [
    '(^|[\\s\'"`(=])/(work|tmp|root|home)/[a-z.]',
    'https?://[^\\s/]*(registry|pypi|maven|proxy\\.golang)[^\\s/]*/',
  ].join('|'),
);

export function machineTexts(files: readonly { readonly path: string; readonly text: string }[]): string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        machineText.test(line) ? [`${path}:${index + 1} ${line.trim().slice(0, 80)}`] : [],
      ),
  );
}
