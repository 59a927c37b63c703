import type { Result, Rule } from '../api/wire.ts';
import { kStep } from '../ask/ask.ts';
import type { ChangeAsk } from '../state/use-ask.ts';
import type { Known } from '../state/use-known.ts';
import { listText, nameText, scoreText, titleText, valueText } from '../words/format.ts';
import { SignalTable } from './signal-bar.tsx';

interface ResultDetailsProps {
  readonly result: Result;
  readonly change: ChangeAsk;
  readonly known: Known;
}

/** All that an answer says about one result, and what can be made of it. */
export function ResultDetails({ result, change, known }: ResultDetailsProps) {
  const { id, signals, score, ranks, path, sources, fields = {}, facets = {} } = result;
  const types = known.catalogue?.schema.fields ?? {};
  return (
    <div class="details">
      {signals !== undefined && <SignalTable signals={signals} score={score} />}
      <dl class="facts">
        {ranks !== undefined && (
          <Fact name="Ranks">
            {ranks.fused} by score, {ranks.diverse} after diversity, {ranks.final} after rules
          </Fact>
        )}
        <Fact name="Found by">{sources.length === 0 ? 'no leg: a rule brought it' : listText(sources)}</Fact>
        {path !== undefined && path.length > 0 && (
          <Fact name="Path">{path.map(stepText).join(', then ')}</Fact>
        )}
        {Object.entries(facets).map(([facet, values]) => (
          <Fact key={facet} name={titleText(facet)}>
            {values.join(', ')}
          </Fact>
        ))}
        {Object.entries(fields).map(([field, value]) => (
          <Fact key={field} name={titleText(field)}>
            {valueText(value, types[field]?.type)}
          </Fact>
        ))}
        <Fact name="Id">
          <code>{id}</code>
        </Fact>
      </dl>
      <div class="form-buttons">
        <button
          type="button"
          class="button"
          onClick={() => change((now) => ({ ...now, query: '', like: [id], k: kStep }))}
        >
          More like this
        </button>
        <button type="button" class="button" onClick={() => change(withRule({ kind: 'pin', id, rank: 1 }))}>
          Pin to rank 1
        </button>
        <button
          type="button"
          class="button"
          onClick={() => change(withRule({ kind: 'idsExclude', ids: [id] }))}
        >
          Leave out
        </button>
      </div>
    </div>
  );
}

/** The ask with one more rule; a pin takes the place of another at its rank. */
export function withRule(rule: Rule): Parameters<ChangeAsk>[0] {
  return (now) => {
    const others = now.rules.filter(
      (one) => one.kind !== 'pin' || rule.kind !== 'pin' || one.rank !== rule.rank,
    );
    return { ...now, rules: [...others, rule], k: kStep };
  };
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function stepText({ type, from, to, strength, shared }: NonNullable<Result['path']>[number]): string {
  const over = (shared ?? []).map(({ facet, values }) => `${nameText(facet)} ${values.join(', ')}`);
  return `${from} to ${to} by ${nameText(type).toLowerCase()}${over.length > 0 ? ` (${over.join('; ')})` : ''}, strength ${scoreText(strength)}`;
}
