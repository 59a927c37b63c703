import { reserveMs } from '../domain/planner.ts';
import { defaultContext, noTenantRules } from '../domain/policy.ts';
import type { Warning } from '../domain/warning.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Asker, askerOf, unreadRows } from './asker.ts';
import type { Head } from './head-book.ts';
import { coverageOf, type LegOutcome, runLeg } from './leg-runner.ts';
import { type PolicyOutcome, policyAtHand } from './policy-outcome.ts';
import type { SearchCall } from './search-context.ts';
import { TransientVectors } from './transient-vectors.ts';

/** The asker, and how sure that is. */
export interface KnownAsker {
  readonly asker: Asker;
  readonly policy: PolicyOutcome;
  /** Whether an answer for this asker may be kept for the next one: everything about the asker is up to date. */
  readonly current: boolean;
  readonly warnings: readonly Warning[];
}

/** The asker without waiting; null where the store must be asked. @throws TriptychError unknown_context */
export function askerAtHand(call: SearchCall): KnownAsker | null {
  const { parts, tenant, request, catalogue } = call;
  const head = parts.heads.peek(tenant, request.user, request.context);
  if (head === null || unreadRows(head, catalogue.table.current).length > 0) return null;
  return upToDate(askerNow(call, head), policyAtHand);
}

/** From what is in memory. */
function askerNow({ parts, tenant, request, catalogue }: SearchCall, head: Head): Asker {
  const table = catalogue.table.current;
  return askerOf(head, request, table, new TransientVectors(parts, tenant, table));
}

/** With the documents of events that wait, as far as they can be read until `endMs`. */
async function askerFrom(call: SearchCall, head: Head, endMs: number): Promise<Asker> {
  const { parts, tenant, request, catalogue } = call;
  const table = catalogue.table.acquire();
  try {
    const vectors = new TransientVectors(parts, tenant, table);
    await vectors.read(unreadRows(head, table), endMs);
    return askerOf(head, request, table, vectors);
  } finally {
    table.release();
  }
}

function upToDate(asker: Asker, policy: PolicyOutcome): KnownAsker {
  return { asker, policy, current: asker.settled, warnings: historyWarnings(asker) };
}

/**
 * Asks the policy store for at most half of the legs' time: what it says may start legs, or make them start again. Where
 * it does not answer, a copy that is not too old does; else a search that needs no policy goes on with the tenant's
 * rules, if they are known, and nothing of the user.
 * @throws TriptychError unknown_context | policy_unavailable
 */
export async function findAsker(call: SearchCall): Promise<KnownAsker> {
  const { parts, tenant, request, startedAtMs } = call;
  const endMs = startedAtMs + (request.timeoutMs - reserveMs(request.timeoutMs)) / 2;
  const outcome = await runLeg(parts.clock, endMs, () =>
    parts.heads.read(tenant, request.user, request.context),
  );
  parts.meter.stage('policy', outcome.state, outcome.ms);
  if (outcome.value !== null) {
    const asker = await askerFrom(call, outcome.value, endMs);
    return upToDate(asker, { coverage: coverageOf(outcome, 0), missing: false });
  }
  const copy = parts.heads.lastGood(tenant, request.user, request.context);
  return copy === null ? withoutPolicy(call, outcome) : withCopy(call, copy, outcome);
}

function withCopy(call: SearchCall, copy: Head, outcome: LegOutcome<unknown>): KnownAsker {
  return {
    asker: askerNow(call, copy),
    policy: {
      coverage: { ...coverageOf(outcome, 0), state: 'ok', reason: 'last_good_copy' },
      missing: false,
    },
    current: false,
    warnings: [
      {
        code: 'policy_stale',
        message: 'the policy store did not answer: rules and preferences are those of its last answer',
      },
    ],
  };
}

function withoutPolicy(call: SearchCall, outcome: LegOutcome<unknown>): KnownAsker {
  const { parts, tenant, request, profile } = call;
  const coverage = coverageOf(outcome, 0);
  if (request.context !== defaultContext || profile.policyRequired)
    throw new TriptychError(
      'policy_unavailable',
      'The policy store did not answer, and this search must not be answered without it.',
      { members: { coverage: { policy: coverage } }, retryAfterSeconds: 1 },
    );
  // Of a user who was not here before nothing is known, of the tenant's rules it may be.
  const rules = parts.heads.lastGood(tenant, null, defaultContext)?.rules ?? null;
  const applied =
    rules === null ? 'no policy, rule or preference was' : "only the tenant's last known rules were";
  return {
    asker: askerNow(call, { rules: rules ?? noTenantRules, user: null }),
    policy: { coverage, missing: true },
    current: false,
    warnings: [
      {
        code: 'policy_unavailable',
        message: `the policy store did not answer: ${applied} applied`,
      },
    ],
  };
}

function historyWarnings({ isCut, isUnread }: Asker): Warning[] {
  const warnings: Warning[] = [];
  if (isCut)
    warnings.push({
      code: 'history_cut',
      message: `of this user only the newest ${limits.userDocumentsMax} documents are remembered: what was seen or hidden long ago may be shown`,
    });
  if (isUnread)
    warnings.push({
      code: 'events_unread',
      message: 'documents of the newest events could not be read: the taste is that of before',
    });
  return warnings;
}
