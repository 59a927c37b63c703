import { useState } from 'preact/hooks';
import type { Answer, Policy, Rule } from '../api/wire.ts';
import type { Ask } from '../ask/ask.ts';
import { nothingAsked } from '../ask/ask.ts';
import { type ChangeAsk, withMembers } from '../state/use-ask.ts';
import type { Known } from '../state/use-known.ts';
import { nameText } from '../words/format.ts';
import { ruleWords } from '../words/rule-words.ts';
import { Chip } from './chip.tsx';
import { Icon } from './icon.tsx';
import { withRule } from './result-details.tsx';
import { RuleForm } from './rule-form.tsx';

interface RulesSectionProps {
  readonly ask: Ask;
  readonly change: ChangeAsk;
  readonly known: Known;
  readonly answer: Answer | null;
}

/** The rules that hold, by who declared them; those of the request can be added and taken away. */
export function RulesSection({ ask, change, known, answer }: RulesSectionProps) {
  const [isAdding, setAdding] = useState(false);
  const { rules, policy, contextPolicy } = known;
  return (
    <section aria-label="Rules" class="rules-section">
      <header>
        <h2 class="panel-title">Rules</h2>
        <button
          type="button"
          class="button small"
          aria-expanded={isAdding}
          disabled={known.catalogue === null}
          onClick={() => setAdding(!isAdding)}
        >
          <Icon name="plus" />
          Add rule
        </button>
      </header>
      {isAdding && known.catalogue !== null && (
        <RuleForm
          catalogue={known.catalogue}
          results={answer?.results ?? []}
          onAdd={(rule) => {
            change(withRule(rule));
            setAdding(false);
          }}
          onCancel={() => setAdding(false)}
        />
      )}
      <RuleGroup
        title="Of this request"
        rules={ask.rules}
        onRemove={(index) => change(withMembers({ rules: ask.rules.filter((_, i) => i !== index) }))}
      />
      <RuleGroup title={`Of ${ask.user}`} rules={policy?.constraints ?? []} />
      <RuleGroup title={`Of ${ask.user} in ${ask.context}`} rules={contextPolicy?.constraints ?? []} />
      {ask.context !== nothingAsked.context && (
        <RuleGroup
          title={`Of the context ${ask.context}`}
          rules={rules?.contexts[ask.context]?.rules ?? []}
        />
      )}
      <RuleGroup title="Of the catalogue" rules={rules?.rules ?? []} />
      {policy !== null && <Learned user={ask.user} policy={policy} />}
    </section>
  );
}

interface RuleGroupProps {
  readonly title: string;
  readonly rules: readonly Rule[];
  readonly onRemove?: (index: number) => void;
}

function RuleGroup({ title, rules, onRemove }: RuleGroupProps) {
  if (rules.length === 0) return null;
  return (
    <>
      <h3 class="group-title">{title}</h3>
      <ul class="chips" aria-label={`Rules ${title.toLowerCase()}`}>
        {rules.map((rule, index) => (
          <Chip
            key={JSON.stringify(rule)}
            kind={nameText(rule.kind)}
            text={ruleWords(rule)}
            {...(onRemove !== undefined && { onRemove: () => onRemove(index) })}
          />
        ))}
      </ul>
    </>
  );
}

const learnedMost = 6;

/** What is known of the user's tastes, the strongest first: declared or learned. */
function Learned({ user, policy }: { readonly user: string; readonly policy: Policy }) {
  const tastes = [...tastesIn(policy.learned), ...tastesIn(policy.preferences)]
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, learnedMost);
  if (tastes.length === 0) return null;
  return (
    <>
      <h3 class="group-title">Tastes of {user}</h3>
      <ul class="tastes">
        {tastes.map(({ facet, value, weight }) => (
          <li key={`${facet} ${value}`} title={nameText(facet)}>
            <span class="taste-name">{value}</span>
            <meter min={-1} max={1} low={0} high={0} optimum={1} value={weight} />
            <span class="taste-weight">
              {weight > 0 ? '+' : '−'}
              {Math.abs(weight).toFixed(2)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function tastesIn(preferences: Policy['preferences']) {
  return Object.entries(preferences).flatMap(([facet, values]) =>
    Object.entries(values).map(([value, weight]) => ({ facet, value, weight })),
  );
}
