import type { SourcedRule } from './rule.ts';

/** Something that the answer is not quite what was asked for because of. */
export interface Warning {
  /** Stable: `unknown_document`, `pin_dropped`, `rule_infeasible`, `rule_unknown_field`, `policy_stale`, ... */
  readonly code: WarningCode;
  readonly message: string;
  readonly rule?: SourcedRule;
  /** rule_infeasible: what the rule asks for and what the list allowed, in the rule's own unit. */
  readonly wanted?: number;
  readonly got?: number;
}

export const warningCodes = [
  'unknown_document',
  'relationships_missing',
  'pin_dropped',
  'rule_infeasible',
  'rule_unknown_field',
  'policy_stale',
  'policy_unavailable',
  'history_cut',
  'events_unread',
  'texts_cut',
  'texts_by_words',
] as const;
export type WarningCode = (typeof warningCodes)[number];
