/**
 * Where a value stands in a row: member names joined by dots, `[]` after a name for "every entry of this array".
 * `title`, `stats.votes`, `genres[].name`. Names may hold anything but dots and brackets.
 */
export interface MemberPath {
  readonly text: string;
  readonly steps: readonly { readonly name: string; readonly each: boolean }[];
  /** Whether the path can lead to more than one value. */
  readonly many: boolean;
}

const stepsMax = 16;

/** The parsed path, or null if the text is none. */
export function parseMemberPath(text: string): MemberPath | null {
  const steps = text.split('.').map((part) => {
    const each = part.endsWith('[]');
    return { name: each ? part.slice(0, -2) : part, each };
  });
  if (steps.length > stepsMax || steps.some(({ name }) => name === '' || /[[\]]/.test(name))) return null;
  return { text, steps, many: steps.some(({ each }) => each) };
}

/** A value found in a row and its exact path there, for messages: `genres[2].name`. */
export interface FoundValue {
  readonly path: string;
  readonly value: unknown;
}

/** A place where the row has not the shape that the path asks for. */
export interface WrongShape {
  readonly path: string;
  readonly message: string;
}

/** What stands at a path: the values (null and missing members left out) and the places with another shape. */
export interface Reading {
  readonly found: readonly FoundValue[];
  readonly wrong: readonly WrongShape[];
}

/**
 * Reads own members only, so that a name like `constructor` finds nothing by accident. At most `valuesMax` + 1 values
 * are looked at.
 */
export function readMember(row: unknown, path: MemberPath, valuesMax: number): Reading {
  let level: FoundValue[] = [{ path: '', value: row }];
  const wrong: WrongShape[] = [];
  for (const { name, each } of path.steps) {
    const members = level.flatMap((place) => memberOf(place, name, wrong));
    level = each ? members.flatMap((place) => entriesOf(place, valuesMax, wrong)) : members;
    if (level.length > valuesMax) level.length = valuesMax + 1;
  }
  return { found: level, wrong };
}

function memberOf(place: FoundValue, name: string, wrong: WrongShape[]): FoundValue[] {
  const { path, value: owner } = place;
  if (typeof owner !== 'object' || owner === null || Array.isArray(owner)) {
    wrong.push({
      path: path === '' ? '$' : path,
      message: `must be an object that has ${JSON.stringify(name)}`,
    });
    return [];
  }
  const value: unknown = Object.hasOwn(owner, name) ? (owner as Record<string, unknown>)[name] : undefined;
  if (value === undefined || value === null) return [];
  return [{ path: path === '' ? name : `${path}.${name}`, value }];
}

function entriesOf({ path, value }: FoundValue, valuesMax: number, wrong: WrongShape[]): FoundValue[] {
  if (!Array.isArray(value)) {
    wrong.push({ path, message: 'must be an array' });
    return [];
  }
  const entries: FoundValue[] = [];
  for (const [index, entry] of value.entries()) {
    if (entries.length > valuesMax) break;
    if (entry !== null) entries.push({ path: `${path}[${index}]`, value: entry });
  }
  return entries;
}
