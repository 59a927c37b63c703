import type { Rule } from '../api/wire.ts';
import { type Ask, kMost, kStep, nothingAsked } from './ask.ts';

const filterPrefix = 'f.';
const rulesMax = 100;
/** What the service allows. */
const timeoutMsLeast = 20;
const timeoutMsMost = 10_000;

/** The ask as what follows `#` in an address; what is as usual is left out. */
export function toHash(ask: Ask): string {
  const parts = new URLSearchParams();
  const set = (name: string, value: string, usual: string) => {
    if (value !== usual) parts.set(name, value);
  };
  set('q', ask.query, '');
  set('user', ask.user, '');
  set('context', ask.context, nothingAsked.context);
  set('profile', ask.profile, '');
  set('compare', ask.compare, '');
  for (const id of ask.like) parts.append('like', id);
  for (const { facet, value } of ask.filters) parts.append(`${filterPrefix}${facet}`, value);
  if (ask.rules.length > 0) parts.set('rules', JSON.stringify(ask.rules));
  set('k', String(ask.k), String(kStep));
  set('timeout', String(ask.timeoutMs), String(nothingAsked.timeoutMs));
  return parts.toString();
}

/** The ask of an address that somebody shared: anything may stand in it, the service checks what is left. */
export function fromHash(hash: string): Ask {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    query: parts.get('q') ?? '',
    user: parts.get('user') ?? '',
    context: parts.get('context') ?? nothingAsked.context,
    profile: parts.get('profile') ?? '',
    compare: parts.get('compare') ?? '',
    like: parts.getAll('like'),
    filters: [...parts]
      .filter(([name]) => name.startsWith(filterPrefix))
      .map(([name, value]) => ({ facet: name.slice(filterPrefix.length), value })),
    rules: rulesIn(parts.get('rules')),
    k: integerIn(parts.get('k'), 1, kMost, kStep),
    timeoutMs: integerIn(parts.get('timeout'), timeoutMsLeast, timeoutMsMost, nothingAsked.timeoutMs),
  };
}

function integerIn(text: string | null, least: number, most: number, usual: number): number {
  const number = Number(text ?? usual);
  return Number.isInteger(number) && number >= least && number <= most ? number : usual;
}

function rulesIn(text: string | null): Rule[] {
  try {
    const rules: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(rules) ? rules.filter(isRuleLike).slice(0, rulesMax) : [];
  } catch {
    return [];
  }
}

/** Enough to be shown and sent. */
function isRuleLike(value: unknown): value is Rule {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
}
