import { describe, expect, it } from 'vitest';
import { signalCount } from '../../src/domain/signal.ts';
import { limits } from '../../src/limits.ts';
import { abiVersion, formulaNumbers, layout, tierNumbers } from '../../src/native/arena-layout.ts';
import { filesBelow, readText } from './source.ts';

const camel = (snake: string): string =>
  snake.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `constexpr uint32_t name = 1;` of a C++ text. */
function constants(text: string): Record<string, number> {
  return Object.fromEntries(
    [...text.matchAll(/constexpr uint32_t (\w+) = (0x[0-9a-f]+|\d+);/g)].map(([, name, value]) => [
      camel(name!),
      Number(value),
    ]),
  );
}

/** `NAME = 1` or `#define NAME 1u` of the ABI. */
function abiNumber(name: string): number {
  const text = readText('native/include/triptych/backend.h');
  return Number(new RegExp(`\\b${name}(?: =)? (\\d+)`).exec(text)?.[1]);
}

describe('the arena layout', () => {
  it('is the same in both languages', () => {
    const text = readText('native/src/arena.h');
    const namespace = text.slice(text.indexOf('namespace layout {'), text.indexOf('// namespace layout'));
    expect(constants(namespace)).toEqual(layout);
    expect(Object.keys(constants(namespace))).toEqual(Object.keys(layout));
  });

  it('has the numbers and sizes of the ABI', () => {
    expect(abiNumber('TP_ABI_VERSION')).toBe(abiVersion);
    expect(abiNumber('TP_SIGNAL_COUNT')).toBe(signalCount);
    expect(['TP_F32', 'TP_F16', 'TP_INT8'].map(abiNumber)).toEqual(Object.values(tierNumbers));
    expect(['TP_LINEAR', 'TP_MULTIPLICATIVE', 'TP_RRF'].map(abiNumber)).toEqual(
      Object.values(formulaNumbers),
    );
  });

  it('is held to the same bounds', () => {
    const table = constants(readText('native/src/table.h'));
    const { facetsMax, facetValuesPerDocumentMax, dimensionMax } = limits;
    expect([table.facetsMax, table.facetValuesMax, table.dimensionMax]).toEqual([
      facetsMax,
      facetValuesPerDocumentMax,
      dimensionMax,
    ]);
    expect(constants(readText('native/src/slots.h')).slotsMax).toBeGreaterThanOrEqual(limits.nativeSlotsMax);
  });
});

describe('the exports', () => {
  it('have the same names, arguments and order in both languages', () => {
    const cpp = readText('native/src/exports.cc');
    const added = [...cpp.matchAll(/\badd<\w+>\(exports, "(\w+)"\)/g)].map(([, name]) => name!);
    const commented = new Map(
      [
        ...(readText('native/src/calls.cc') + readText('native/src/device_tables.cc') + cpp).matchAll(
          /^\/\* (\w+)\(([^)]*)\)/gm,
        ),
      ].map(([, name, parameters]) => [name!, parameters!]),
    );
    const typescript = readText('src/native/addon.ts');
    const end = typescript.indexOf('\n}\n');
    const methods = [...typescript.slice(0, end).matchAll(/^ {2}(\w+)\((.*)\): /gm)];
    const argumentNames = (text: string): string[] =>
      text === '' ? [] : text.split(',').map((parameter) => parameter.split(':')[0]!.trim());
    expect(added.length).toBeGreaterThan(10);
    expect(methods.map(([, name]) => name)).toEqual(added);
    for (const [, name, parameters] of methods)
      expect([name, argumentNames(commented.get(name!) ?? '?')]).toEqual([name, argumentNames(parameters!)]);
  });
});

describe('C++ sources', () => {
  const paths = filesBelow(['native/src'], /\.(h|cc)$/);

  it('stay short, in lines and files', () => {
    expect(paths.length).toBeGreaterThan(10);
    const long = paths.flatMap((path) => {
      const lines = readText(path).split('\n');
      const wide = lines.flatMap((line, i) => (line.length > 110 ? [`${path}:${i + 1} is too wide`] : []));
      return lines.length > 301 ? [...wide, `${path} has ${lines.length} lines`] : wide;
    });
    expect(long).toEqual([]);
  });

  it('include node-addon-api in one place', () => {
    const others = paths.filter((path) => /#include <(napi|node_api|js_native_api)/.test(readText(path)));
    expect(others).toEqual(['native/src/napi_setup.h']);
  });
});
