import { reasonText } from '../answer/timeline.ts';
import type { Answer, Problem } from '../api/wire.ts';
import { titleText } from '../words/format.ts';
import { sourceText } from '../words/rule-words.ts';

interface ProblemNoteProps {
  readonly problem: Problem;
  /** Asks the same again, where that can help. */
  readonly onRetry?: () => void;
}

/** What the service refused: its code, and the path of each member that is wrong. */
export function ProblemNote({ problem, onRetry }: ProblemNoteProps) {
  const { status, code, title, detail, fields = [], request_id, retriable } = problem;
  return (
    <div class="problem" role="alert">
      <h3>{title}</h3>
      <p>
        <code>{code}</code>
        {status > 0 && <span class="muted"> status {status}</span>}
      </p>
      {fields.length === 0 ? (
        <p>{detail}</p>
      ) : (
        <ul>
          {fields.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {request_id !== undefined && <p class="muted small">request {request_id}</p>}
      {retriable && onRetry !== undefined && (
        <button type="button" class="button small" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What an answer is not: which parts did not come, and what rules could not have. */
export function AnswerWarnings({ answer }: { readonly answer: Answer }) {
  const missing = Object.entries(answer.coverage).filter(
    ([, { state }]) => state !== 'ok' && state !== 'skipped',
  );
  return (
    <>
      {answer.degraded && (
        <div class="warning">
          <h3>Less than was asked for</h3>
          <ul>
            {missing.map(([part, { state, reason }]) => (
              <li key={part}>
                {titleText(part)}: {state}
                {reason !== undefined && `, ${reasonText(reason)}`}
              </li>
            ))}
            {missing.length === 0 && <li>A part was left out or shortened to be in time.</li>}
          </ul>
        </div>
      )}
      {answer.warnings.length > 0 && (
        <div class="warning">
          <h3>Warnings</h3>
          <ul>
            {answer.warnings.map(({ code, message, rule }) => (
              <li key={`${code} ${message}`}>
                {message}{' '}
                <span class="muted">
                  ({rule === undefined ? code : `${code}, ${sourceText(rule.source)}`})
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
