import { reasonText } from '../answer/timeline.ts';
import type { Answer, Plan } from '../api/wire.ts';
import { countText, listText, msText, nameText } from '../words/format.ts';
import { sourcedRuleWords } from '../words/rule-words.ts';

/** The plan that was chosen, those that were not, and how many documents passed. */
export function PlanSection({ answer }: { readonly answer: Answer }) {
  const { plan } = answer;
  if (plan === undefined) return null;
  return (
    <section class="insight-section" aria-label="Plan">
      <h2 class="panel-title">Plan</h2>
      <ul class="plans">
        <li class="plan plan-chosen">
          <strong>{plan.strategy}</strong>
          <span>chosen, {msText(plan.estimated_ms)} estimated</span>
          <span class="muted">{legsText(plan)}</span>
        </li>
        {plan.rejected.map(({ strategy, reason, estimated_ms }) => (
          <li key={strategy} class="plan">
            <strong>{strategy}</strong>
            <span>
              rejected: {reasonText(reason)}
              {estimated_ms !== null && `, ${msText(estimated_ms)} estimated`}
            </span>
          </li>
        ))}
      </ul>
      {plan.predicate !== null && <Predicate predicate={plan.predicate} />}
    </section>
  );
}

function legsText({ legs, skipped, stages, rank_depth }: Plan): string {
  const ran = legs.map(({ leg, depth, estimated_ms, actual_ms }) => {
    const took = actual_ms === null ? '' : `, ${msText(actual_ms)} taken`;
    return `${leg} for ${depth} (${msText(estimated_ms)} estimated${took})`;
  });
  const left = skipped.map(({ leg, reason }) => `${leg} skipped, ${reasonText(reason)}`);
  return `${[...ran, ...left].join('; ')}. Then ${listText(stages.map(nameText))}, ${countText(rank_depth, 'rank')} deep.`;
}

function Predicate({ predicate }: { readonly predicate: NonNullable<Plan['predicate']> }) {
  const { passing, of, pushdown, drops } = predicate;
  return (
    <div class="predicate">
      <p>
        {passing.toLocaleString('en')} of {countText(of, 'document')} pass
        {pushdown ? '; so few that every leg was given the filter' : ''}.
      </p>
      <ul>
        {drops.map(({ rule, documents }) => (
          <li key={JSON.stringify(rule)}>
            {documents.toLocaleString('en')} dropped by{' '}
            {rule === null ? 'the filter' : sourcedRuleWords(rule)}
          </li>
        ))}
      </ul>
    </div>
  );
}
