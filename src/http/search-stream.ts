import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { SearchObserver } from '../ports/triptych.ts';
import { planToWire } from '../wire/plan.ts';
import type { WireSearchEvent } from '../wire/search-event.ts';
import { searchResponseToWire } from '../wire/search-response.ts';
import type { Exchange } from './exchange.ts';
import { problemFor } from './reply.ts';
import type { HttpServices } from './route.ts';
import { ndjson, ndjsonType, StreamOutput } from './stream-output.ts';

export const sseType = 'text/event-stream';

const frames: Readonly<Record<string, (event: WireSearchEvent) => string>> = {
  [ndjsonType]: (event) => ndjson([event]),
  // JSON has no line ends of its own, so one `data:` line holds it.
  [sseType]: ({ event, data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
};

/** The media type of the stream that the caller prefers to one JSON answer, or null. */
export function streamTypeOf({ req }: Exchange): string | null {
  const preferred = req.accepts(['application/json', ...Object.keys(frames)]);
  return typeof preferred === 'string' && Object.hasOwn(frames, preferred) ? preferred : null;
}

/**
 * A search answered in parts. Parts wait for each other and for a slow reader; there are at most five, so what waits is
 * bounded by the size of two answers.
 */
export class SearchStream {
  readonly #exchange: Exchange;
  readonly #output: StreamOutput;
  readonly #frame: (event: WireSearchEvent) => string;
  #tail: Promise<void> = Promise.resolve();
  #began = false;

  constructor(exchange: Exchange, contentType: string, { clock }: Pick<HttpServices, 'clock'>) {
    this.#exchange = exchange;
    this.#output = new StreamOutput(exchange, clock, contentType);
    this.#frame = frames[contentType]!;
  }

  /** Whether a part is out or on its way: from then on a failure is a part too. */
  get began(): boolean {
    return this.#began;
  }

  observer(schema: CatalogueSchema): SearchObserver {
    const { requestId } = this.#exchange;
    return {
      onPlan: (plan) => this.#later({ event: 'plan', data: planToWire(plan, {}, schema) }),
      onProvisional: (response) =>
        this.#later({ event: 'provisional', data: searchResponseToWire(response, schema, requestId) }),
    };
  }

  /** Sends the last parts. @throws CallerGone */
  async end(last: WireSearchEvent): Promise<void> {
    await this.#send(last);
    await this.#send({ event: 'done', data: { request_id: this.#exchange.requestId } });
    this.#output.end();
  }

  /** Ends with an error. @throws CallerGone */
  fail(error: unknown): Promise<void> {
    const problem = problemFor(error, this.#exchange.requestId);
    this.#exchange.errorCode = problem.code;
    return this.end({ event: 'error', data: problem });
  }

  /** For a caller that cannot wait: a reader that is gone shows when the stream ends. */
  #later(event: WireSearchEvent): void {
    this.#send(event).catch(() => {});
  }

  #send(event: WireSearchEvent): Promise<void> {
    this.#began = true;
    this.#tail = this.#tail.then(() => this.#output.write(this.#frame(event)));
    return this.#tail;
  }
}
