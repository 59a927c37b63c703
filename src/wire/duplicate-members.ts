const backslash = 0x5c;
const colon = 0x3a;

/** Where an object of a text stands, and what it has named so far; names: null in an array. */
interface Level {
  readonly names: Set<string> | null;
  step: string | number;
}

/**
 * The path of a member that some object has twice: JSON.parse keeps the last one and says nothing, so what one program
 * has checked another one may not see. Each member has a colon, so a text with as many as its value has members needs no
 * more than a count, and that is nearly every one.
 * @param text valid JSON
 * @param members of all objects in the value that JSON.parse made of it
 * @returns null where every name is there once
 */
export function duplicateMember(text: string, members: number): (string | number)[] | null {
  if (colonsIn(text) === members || colonsOutsideStrings(text) === members) return null;
  return firstDuplicate(text);
}

function colonsIn(text: string): number {
  let found = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) found++;
  return found;
}

/** Goes from colon to colon and from string to string by native search, which passes over long vectors. */
function colonsOutsideStrings(text: string): number {
  let found = 0;
  let at = text.indexOf(':');
  let open = text.indexOf('"');
  while (at >= 0) {
    if (open < 0 || at < open) {
      found++;
      at = text.indexOf(':', at + 1);
    } else {
      const end = endOfString(text, open + 1);
      if (at < end) at = text.indexOf(':', end);
      open = text.indexOf('"', end + 1);
    }
  }
  return found;
}

/** Place of the quote that ends the string whose text begins at `from`; the text's length where none does. */
export function endOfString(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0) {
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === backslash && at - escapes > from) escapes++;
    if (escapes % 2 === 0) return at;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
}

/** Only what is going to be refused comes here. */
function firstDuplicate(text: string): (string | number)[] | null {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const level = levels[levels.length - 1];
    switch (text[at]) {
      case '{':
        levels.push({ names: new Set(), step: '' });
        break;
      case '[':
        levels.push({ names: null, step: 0 });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (typeof level?.step === 'number') level.step++;
        break;
      case '"': {
        const end = endOfString(text, at + 1);
        // A string that a colon follows is a name.
        if (level?.names != null && isBeforeColon(text, end + 1)) {
          level.step = JSON.parse(text.slice(at, end + 1)) as string;
          if (level.names.has(level.step)) return levels.map(({ step }) => step);
          level.names.add(level.step);
        }
        at = end;
        break;
      }
    }
  }
  return null;
}

/** Whether nothing but space stands between a place and the next colon. */
function isBeforeColon(text: string, from: number): boolean {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === colon;
}
