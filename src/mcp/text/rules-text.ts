import type { PolicyAnswer, RulesAnswer } from '../../client/index.ts';
import { contextLines } from './catalogue-text.ts';
import { preferenceLines, ruleText } from './parts.ts';

export function rulesText({ rules, contexts, version }: RulesAnswer): string {
  const own = rules.map((rule) => `  ${ruleText(rule)}`);
  return [
    ...(own.length === 0 ? ['No rule holds for every search.'] : ['For every search:', ...own]),
    ...contextLines(contexts),
    `Version ${version}.`,
  ].join('\n');
}

export function policyText(policy: PolicyAnswer): string {
  const { preferences, constraints, learned, version } = policy;
  return [
    version === 0 ? 'Nothing is declared.' : `Version ${version}.`,
    ...section('Preferences:', preferenceLines(preferences, '  ')),
    ...section(
      'Rules:',
      constraints.map((rule) => `  ${ruleText(rule)}`),
    ),
    ...section('Learned:', preferenceLines(learned, '  ')),
  ].join('\n');
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [heading, ...lines];
}
