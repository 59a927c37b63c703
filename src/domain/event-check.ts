import type { FieldProblem } from '../errors.ts';
import { limits } from '../limits.ts';
import { nameProblem } from './names.ts';
import { eventTypes, type UserEvent } from './user-event.ts';
import { idProblem, stringProblem } from './value-check.ts';

/**
 * What is wrong with events of the right shape, at most limits.errorFieldsMax problems with paths as the wire has them.
 * The wire has asked already; a library may send anything, and what is acknowledged is learned from for good.
 */
export function eventProblems(events: readonly UserEvent[]): FieldProblem[] {
  if (events.length > limits.eventsPerRequestMax)
    return [{ path: 'events', message: `must have at most ${limits.eventsPerRequestMax} events` }];
  return events.flatMap(problemsOf).slice(0, limits.errorFieldsMax);
}

function problemsOf(event: UserEvent, index: number): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const add = (member: string, message: string | null) => {
    if (message !== null) problems.push({ path: `events[${index}].${member}`, message });
  };
  add('event_id', tokenProblem(event.eventId));
  add('user', idProblem(event.user));
  add('document', idProblem(event.document));
  if (!eventTypes.includes(event.type)) add('type', `must be one of ${eventTypes.join(', ')}`);
  add('value', valueProblem(event));
  if (event.context !== null) add('context', nameProblem(event.context));
  if (!Number.isFinite(event.atMs)) add('at', 'must be a time');
  if (event.requestId !== null) add('request_id', tokenProblem(event.requestId));
  return problems;
}

function tokenProblem(token: string): string | null {
  return token === '' ? 'must not be empty' : stringProblem(token, limits.eventIdCharsMax);
}

function valueProblem({ type, value }: UserEvent): string | null {
  if (type !== 'rate') return value === null ? null : 'goes with rate only';
  return value !== null && value >= 1 && value <= 5 ? null : 'is needed with rate: a number from 1 to 5';
}
