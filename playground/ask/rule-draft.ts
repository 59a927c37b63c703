import type { Rule } from '../api/wire.ts';

/** What a form for a rule asks for. */
export type DraftField =
  | 'facet'
  | 'values'
  | 'field'
  | 'from'
  | 'to'
  | 'days'
  | 'by'
  | 'id'
  | 'rank'
  | 'max'
  | 'within'
  | 'share'
  | 'gap'
  | 'scaled';

/** Each kind of rule: what it does, and what has to be said for it. */
export const ruleKinds: {
  readonly [Kind in Rule['kind']]: { readonly says: string; readonly asks: readonly DraftField[] };
} = {
  exclude: { says: 'drop what has a value', asks: ['facet', 'values'] },
  require: { says: 'keep what has a value', asks: ['facet', 'values'] },
  range: { says: 'keep what lies between', asks: ['field', 'from', 'to'] },
  maxRating: { says: 'keep up to a step of a scale', asks: ['scaled'] },
  freshness: { says: 'keep what is new enough', asks: ['field', 'days'] },
  hideSeen: { says: 'drop what the user has seen', asks: [] },
  idsOnly: { says: 'keep these documents', asks: ['id'] },
  idsExclude: { says: 'drop these documents', asks: ['id'] },
  boost: { says: 'raise what has a value', asks: ['facet', 'values', 'by'] },
  bury: { says: 'lower what has a value', asks: ['facet', 'values', 'by'] },
  pin: { says: 'put a document at a rank', asks: ['id', 'rank'] },
  quota: { says: 'at most so many of a value', asks: ['facet', 'max', 'within'] },
  minShare: { says: 'at least a share of a value', asks: ['facet', 'values', 'share', 'within'] },
  spacing: { says: 'keep equal values apart', asks: ['facet', 'gap'] },
};

export type RuleKind = Rule['kind'];

/** What was typed, by field. */
export type Draft = Readonly<Partial<Record<DraftField | 'step', string>>>;

/** What stands in a field before anything is typed. */
export const draftDefaults: Draft = {
  by: '0.1',
  rank: '1',
  max: '1',
  within: '10',
  share: '0.2',
  gap: '1',
  days: '3650',
};

/** What a draft gets with another field: bounds that were typed for another type do not stay, unseen. */
export function withField(
  draft: Draft,
  field: string,
  typeOf: (field: string | undefined) => string | undefined,
): Draft {
  return typeOf(field) === typeOf(draft.field) ? { field } : { field, from: '', to: '' };
}

/**
 * The rule that a form describes; the service checks it. Several values or ids are divided by commas.
 * @param fieldType type of the chosen field in the catalogue's schema
 */
export function ruleOf(kind: RuleKind, draft: Draft, fieldType: string | undefined): Rule {
  const said = (name: keyof Draft) => (draft[name] ?? draftDefaults[name] ?? '').trim();
  const facet = said('facet');
  const field = said('field');
  const list = (name: keyof Draft) =>
    said(name)
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const number = (name: keyof Draft) => Number(said(name));
  switch (kind) {
    case 'exclude':
      return { kind, facet, values: list('values') };
    case 'require':
      return { kind, facet, any: list('values'), missing: 'drop' };
    case 'range':
      return { kind, field, ...boundsOf(said('from'), said('to'), fieldType), missing: 'drop' };
    case 'maxRating':
      return { kind, field: said('scaled'), value: said('step'), missing: 'drop' };
    case 'freshness':
      return { kind, field, max_age_days: number('days'), missing: 'drop' };
    case 'hideSeen':
      return { kind };
    case 'idsOnly':
    case 'idsExclude':
      return { kind, ids: list('id') };
    case 'boost':
    case 'bury':
      return { kind, facet, values: list('values'), by: number('by') };
    case 'pin':
      return { kind, id: said('id'), rank: number('rank') };
    case 'quota':
      return { kind, facet, max: number('max'), within: number('within') };
    case 'minShare':
      return { kind, facet, value: said('values'), share: number('share'), within: number('within') };
    case 'spacing':
      return { kind, facet, gap: number('gap') };
  }
}

function boundsOf(from: string, to: string, fieldType: string | undefined) {
  const bound = (text: string) => (fieldType === 'date' ? text : Number(text));
  return { ...(from !== '' && { gte: bound(from) }), ...(to !== '' && { lte: bound(to) }) };
}
