import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { type Line, readLines } from '../../std/lines.ts';
import { bulkLineSchema, bulkOutcomeSchema, type WireBulkOutcome } from '../../wire/bulk.ts';
import { boundedBody } from '../bulk/bounded-body.ts';
import { BulkBatch } from '../bulk/bulk-batch.ts';
import { CallerGone, type Exchange } from '../exchange.ts';
import { liveSchema } from '../live-schema.ts';
import { checkLength, checkMediaType, tooLarge } from '../read-body.ts';
import { problemFor } from '../reply.ts';
import type { HttpServices, Route } from '../route.ts';
import { ndjson, ndjsonType, StreamOutput } from '../stream-output.ts';
import { writeQuery } from './documents.ts';

export const bulk: Route = {
  method: 'post',
  path: '/v1/documents/bulk',
  scope: ['ingest'],
  operation: {
    id: 'bulk',
    summary: 'Writes and deletes documents line by line; bad lines are reported and the rest goes on.',
    description:
      `NDJSON in, NDJSON out, one answer per line in order, sent after each ${limits.ingestBatchRows} lines: read ` +
      'the answer while you send. Each line is at most ' +
      `${limits.bulkLineBytesMax} bytes. If the whole must end early, the last line says why and where.`,
    tag: 'documents',
    query: { schema: writeQuery, integers: [] },
    body: { schema: bulkLineSchema, contentType: 'application/x-ndjson' },
    answers: {
      200: {
        description: 'One line per line.',
        contentType: 'application/x-ndjson',
        schema: bulkOutcomeSchema,
      },
    },
    errors: [
      'invalid_request',
      'no_catalogue',
      'request_timeout',
      'body_too_large',
      'unsupported_media_type',
      'overloaded',
    ],
  },
  handle: (exchange, inputs, services) =>
    services.bulks.pass(exchange, async () => {
      checkMediaType(exchange, [ndjsonType]);
      checkLength(exchange, limits.bulkBodyBytesMax);
      const run = new BulkRun(exchange, services, inputs.query.wait === 'searchable');
      await run.run();
      return null;
    }),
};

class BulkRun {
  readonly #exchange: Exchange;
  readonly #services: HttpServices;
  readonly #wait: boolean;
  readonly #batch: BulkBatch;
  readonly #output: StreamOutput;
  #line = 0;
  #endByte = 0;
  #committed = false;

  constructor(exchange: Exchange, services: HttpServices, wait: boolean) {
    const { triptych, logger, clock } = services;
    const { tenant } = exchange;
    this.#exchange = exchange;
    this.#services = services;
    this.#wait = wait;
    this.#output = new StreamOutput(exchange, clock, ndjsonType);
    this.#batch = new BulkBatch(
      liveSchema(triptych, tenant),
      async (operations) => (await triptych.write(tenant, operations, { waitSearchable: false })).outcomes,
      (error) => logger.error({ request_id: exchange.requestId, error }, 'a bulk write failed'),
    );
  }

  async run(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      if (error instanceof CallerGone || this.#line === 0) throw error;
      await this.#stop(error);
      return;
    }
    const outcomes = await this.#flush();
    const last = outcomes.pop();
    await this.#output.write(ndjson(outcomes));
    if (last !== undefined) await this.#output.write(ndjson([{ ...last, ...(await this.#searchable()) }]));
    this.#output.end();
  }

  async #read(): Promise<void> {
    const { clock, lifecycle } = this.#services;
    const body = boundedBody(this.#exchange, limits.bulkBodyBytesMax, clock);
    const options = { lineBytesMax: limits.bulkLineBytesMax, startByte: 0, startLine: 0 };
    for await (const line of readLines(body, options)) {
      if (lifecycle.draining) throw new TriptychError('not_ready', 'the service is stopping');
      if (line.number > limits.bulkLinesMax) throw tooManyLines();
      this.#line = line.number;
      await this.#take(line);
    }
  }

  async #take(line: Line): Promise<void> {
    const bytes = line.endByte - this.#endByte;
    this.#endByte = line.endByte;
    if (line.text?.trim() === '') return;
    // The batch is written before a line is added, not after, so that the last one is never empty: its last line is the
    // one that says `searchable`.
    if (!this.#batch.hasRoomFor(bytes)) await this.#output.write(ndjson(await this.#flush()));
    if (line.text !== null) this.#batch.add(line.number, line.text, bytes);
    else if (bytes > limits.bulkLineBytesMax)
      this.#batch.refuse(line.number, tooLarge(limits.bulkLineBytesMax, 'line'));
    else this.#batch.refuse(line.number, notUtf8());
  }

  async #flush(): Promise<WireBulkOutcome[]> {
    const outcomes = await this.#batch.flush();
    const written = outcomes.filter(({ status }) => status < 400).length;
    this.#services.meter.bulkLines('written', written);
    this.#services.meter.bulkLines('refused', outcomes.length - written);
    this.#committed ||= written > 0;
    return outcomes;
  }

  /**
   * Waits once for all that the request has committed; nothing if it was not asked to or nothing was. What is committed
   * stays so when the wait fails, so that is no error of a line. A server that stops answers instead of waiting.
   */
  async #searchable(): Promise<{ searchable?: boolean }> {
    if (!this.#wait || !this.#committed) return {};
    const { triptych, logger, lifecycle } = this.#services;
    if (lifecycle.draining) return { searchable: false };
    try {
      const { searchable } = await triptych.write(this.#exchange.tenant, [], { waitSearchable: true });
      return { searchable };
    } catch (error) {
      if (!(error instanceof TriptychError))
        logger.error({ request_id: this.#exchange.requestId, error }, 'waiting for a bulk write failed');
      return { searchable: false };
    }
  }

  /** Lines that arrived whole are still written; the error has the number of the first line that was not. */
  async #stop(error: unknown): Promise<void> {
    await this.#output.write(ndjson(await this.#flush()));
    const problem = problemFor(error, this.#exchange.requestId);
    this.#exchange.errorCode = problem.code;
    const last: WireBulkOutcome = { line: this.#line + 1, status: problem.status, error: problem };
    await this.#output.write(ndjson([{ ...last, ...(await this.#searchable()) }]));
    this.#output.end();
  }
}

function tooManyLines(): TriptychError {
  const message = `has more than ${limits.bulkLinesMax} lines`;
  return new TriptychError('body_too_large', `the body ${message}`, { fields: [{ path: '$', message }] });
}

function notUtf8(): TriptychError {
  const message = 'is not valid UTF-8';
  return new TriptychError('invalid_json', `the line ${message}`, { fields: [{ path: '$', message }] });
}
