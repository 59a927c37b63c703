import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { ExportRecord } from '../../ports/triptych.ts';
import {
  eventLine,
  exportLineSchema,
  policyLine,
  stateLine,
  type WireExportLine,
} from '../../wire/export.ts';
import { userIdSchema } from '../../wire/names.ts';
import { CallerGone, type Exchange } from '../exchange.ts';
import { liveSchema } from '../live-schema.ts';
import { logUnexpected } from '../log-unexpected.ts';
import { problemFor } from '../reply.ts';
import type { HttpServices, Route } from '../route.ts';
import { ndjson, ndjsonType, StreamOutput } from '../stream-output.ts';

const exportUser: Route = {
  method: 'get',
  path: '/v1/users/{id}/export',
  scope: ['admin'],
  operation: {
    id: 'exportUser',
    summary: 'Everything known about a user, line by line.',
    description:
      'Policies first, then what was learned, then the events by arrival. If it has to end early, the last line is an error.',
    tag: 'policy',
    pathId: userIdSchema,
    answers: {
      200: { description: 'One line per fact.', contentType: ndjsonType, schema: exportLineSchema },
    },
    errors: ['user_not_found', 'no_catalogue', 'overloaded', 'unavailable'],
  },
  handle: (exchange, inputs, services) =>
    services.users.pass(exchange, async () => {
      await sendExport(exchange, inputs.id, services);
      return null;
    }),
};

async function sendExport(exchange: Exchange, user: string, services: HttpServices): Promise<void> {
  const { triptych, clock } = services;
  const { tenant } = exchange;
  const schema = liveSchema(triptych, tenant);
  const output = new StreamOutput(exchange, clock, ndjsonType);
  try {
    for await (const record of triptych.exportUser(tenant, user))
      await output.write(ndjson([lineOf(record, schema)]));
  } catch (error) {
    if (error instanceof CallerGone || !output.started) throw error;
    logUnexpected(error, exchange, services);
    const problem = problemFor(error, exchange.requestId);
    exchange.errorCode = problem.code;
    await output.write(ndjson([{ kind: 'error', error: problem } satisfies WireExportLine]));
  }
  output.end();
}

function lineOf(record: ExportRecord, schema: CatalogueSchema): WireExportLine {
  switch (record.kind) {
    case 'policy':
      return policyLine(record.context, record.policy, schema);
    case 'state':
      return stateLine(record);
    case 'event':
      return eventLine(record.event);
  }
}

const erase: Route = {
  method: 'delete',
  path: '/v1/users/{id}',
  scope: ['admin'],
  operation: {
    id: 'eraseUser',
    summary: 'Deletes everything known about a user for good: policies, events, what was learned.',
    tag: 'policy',
    pathId: userIdSchema,
    answers: { 204: { description: 'Nothing is known any more.' } },
    errors: ['user_not_found', 'overloaded', 'unavailable'],
  },
  handle: (exchange, inputs, { users, triptych }) =>
    users.pass(exchange, async () => {
      await triptych.eraseUser(exchange.tenant, inputs.id);
      return { status: 204 };
    }),
};

export const userRoutes: readonly Route[] = [exportUser, erase];
