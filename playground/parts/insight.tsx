import { type Ask, nothingAsked } from '../ask/ask.ts';
import type { AnswerState } from '../state/use-answer.ts';
import { CurlSection } from './curl-section.tsx';
import { PlanSection } from './plan-section.tsx';
import { TimelineSection } from './timeline-section.tsx';
import { WhyNot } from './why-not.tsx';

interface InsightProps {
  readonly ask: Ask;
  readonly state: AnswerState;
  readonly keyText: string;
}

/** The right panel: how the answer came about, why something is not in it, and the request itself. */
export function Insight({ ask, state: { shown }, keyText }: InsightProps) {
  return (
    <aside class="panel insight-panel" aria-label="How this answer came about">
      {shown === null ? (
        <p class="muted insight-empty">
          With the first answer you will see here what it took: the legs that ran, their budgets, and the plan
          behind them.
        </p>
      ) : (
        <>
          <TimelineSection
            answer={shown.answer}
            timeoutMs={shown.body.timeout_ms ?? nothingAsked.timeoutMs}
          />
          <WhyNot ask={ask} keyText={keyText} turn={shown.answer.request_id} />
          <PlanSection answer={shown.answer} />
          <CurlSection body={shown.body} hasKey={keyText !== ''} />
        </>
      )}
    </aside>
  );
}
