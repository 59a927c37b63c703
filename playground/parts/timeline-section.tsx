import { axisPlace, reasonText, type Timeline, type TimelineRow, timelineOf } from '../answer/timeline.ts';
import type { Answer } from '../api/wire.ts';
import { countText, msText, titleText } from '../words/format.ts';

/** Legs and stages as bars over milliseconds, with their budgets and the deadline. */
export function TimelineSection({
  answer,
  timeoutMs,
}: {
  readonly answer: Answer;
  readonly timeoutMs: number;
}) {
  const timeline = timelineOf(answer, timeoutMs);
  return (
    <section class="insight-section" aria-label="Timeline">
      <h2 class="panel-title">Timeline</h2>
      <p class="headline">
        <strong>{msText(answer.took_ms)}</strong> of {msText(timeoutMs)}, {answer.strategy}
      </p>
      {answer.cached && (
        <p class="muted small">From the kept list: the legs are those of when it was made.</p>
      )}
      <ul class="timeline" aria-label="What the answer took">
        {timeline.rows.map((row) => (
          <Row key={row.name} row={row} timeline={timeline} />
        ))}
      </ul>
      <Axis timeline={timeline} />
      <p class="timeline-key">
        <span>
          <i class="key-bar" /> took
        </span>
        <span>
          <i class="key-estimate" /> estimated
        </span>
        <span>
          <i class="key-budget" /> budget
        </span>
        <span>
          <i class="key-deadline" /> deadline
        </span>
      </p>
    </section>
  );
}

function percent(ms: number, { ticks }: Timeline): string {
  return `${axisPlace(ms, ticks.at(-1)!) * 100}%`;
}

function Row({ row, timeline }: { readonly row: TimelineRow; readonly timeline: Timeline }) {
  const { name, state, startMs, endMs, budgetEndMs, estimatedMs } = row;
  const end = timeline.ticks.at(-1)!;
  const width = Math.max(0.008, axisPlace(endMs, end) - axisPlace(startMs, end));
  return (
    <li class={`timeline-row state-${state}`} title={rowWords(row)}>
      <span class="timeline-name">{titleText(name)}</span>
      <span class="timeline-value">
        {state === 'skipped'
          ? 'skipped'
          : state === 'ok' || state === 'done'
            ? msText(endMs - startMs)
            : state}
      </span>
      <span class="track" aria-hidden="true">
        {state !== 'skipped' && (
          <i class="bar" style={{ left: percent(startMs, timeline), width: `${width * 100}%` }} />
        )}
        {estimatedMs !== null && (
          <i class="estimate" style={{ left: percent(startMs + estimatedMs, timeline) }} />
        )}
        {budgetEndMs !== null && <i class="budget" style={{ left: percent(budgetEndMs, timeline) }} />}
        <i class="deadline" style={{ left: percent(timeline.deadlineMs, timeline) }} />
      </span>
      <span class="timeline-note">{noteOf(row)}</span>
    </li>
  );
}

/** What the bar cannot say. */
function noteOf({ state, reason, candidates, estimatedMs }: TimelineRow): string {
  if (reason !== null) return reasonText(reason);
  const found = candidates === null || state !== 'ok' ? [] : [countText(candidates, 'candidate')];
  const estimate = estimatedMs === null ? [] : [`${msText(estimatedMs)} estimated`];
  return [...found, ...estimate].join(', ');
}

function rowWords(row: TimelineRow): string {
  const { name, state, startMs, endMs, budgetEndMs } = row;
  const budget = budgetEndMs === null ? '' : `, budget ${msText(budgetEndMs - startMs)}`;
  return `${titleText(name)}: ${state}, from ${msText(startMs)} to ${msText(endMs)}${budget}. ${noteOf(row)}`;
}

/** Numbers alone below a second; the last says what they are. */
function tickText(ms: number, isLast: boolean): string {
  return isLast || ms >= 1_000 ? msText(Math.round(ms)) : String(ms);
}

function Axis({ timeline }: { readonly timeline: Timeline }) {
  return (
    <div class="axis" aria-hidden="true">
      {timeline.ticks.map((tick, i) => (
        <span
          key={tick}
          class={i === timeline.ticks.length - 1 ? 'tick tick-last' : 'tick'}
          style={{ left: percent(tick, timeline) }}
        >
          {tickText(tick, i === timeline.ticks.length - 1)}
        </span>
      ))}
    </div>
  );
}
