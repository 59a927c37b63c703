import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Embedder } from '../../ports/embedder.ts';
import { parseEmbeddings } from './embeddings-answer.ts';
import { postJson } from './post-json.ts';

export interface OpenAiEmbedderOptions {
  /** Base of the API, `http://host:8080/v1`; `/embeddings` is added. */
  readonly url: string;
  /** The server's name of the model, and the name of the embedding space in catalogue schemas. */
  readonly model: string;
  /** Length of the vectors; an answer with another length is refused. */
  readonly dimension: number;
  /** Sent as a bearer token; null: none. */
  readonly key: string | null;
  /** Longest wait for one request, limits.embedBatchTimeoutMs if left out. */
  readonly timeoutMs?: number;
}

/**
 * An embedding server with OpenAI's API: TEI, vLLM, Ollama, OpenAI. At most limits.embedBatchMax texts a request and
 * limits.embedRequestsMax requests at once. Vectors are brought to unit length. Errors name the status, never the key
 * or what the server wrote. An empty text is sent as a blank, because servers refuse empty ones.
 */
export class OpenAiEmbedder implements Embedder {
  readonly model: string;
  readonly dimension: number;
  readonly #endpoint: URL;
  readonly #key: string | null;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();
  #inFlight = 0;
  #answered = false;

  constructor(options: OpenAiEmbedderOptions) {
    this.model = options.model;
    this.dimension = options.dimension;
    this.#endpoint = endpointOf(options.url);
    this.#key = options.key;
    this.#timeoutMs = options.timeoutMs ?? limits.embedBatchTimeoutMs;
  }

  /** @throws TriptychError embedder_unavailable | overloaded; the signal's reason when it is aborted */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += limits.embedBatchMax)
      vectors.push(...(await this.#request(texts.slice(at, at + limits.embedBatchMax), signal)));
    return vectors;
  }

  /** Asks for one vector, until that has worked once: so a wrong address, key or dimension shows before a query. */
  async ready(): Promise<void> {
    if (!this.#answered) await this.embed(['ready'], this.#closing.signal);
  }

  async close(): Promise<void> {
    this.#closing.abort(new TriptychError('embedder_unavailable', 'the embedder is closed'));
  }

  async #request(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    this.#closing.signal.throwIfAborted();
    signal.throwIfAborted();
    if (this.#inFlight >= limits.embedRequestsMax)
      throw new TriptychError(
        'overloaded',
        `${limits.embedRequestsMax} requests wait for the embedding server`,
        {
          retryAfterSeconds: 1,
        },
      );
    this.#inFlight++;
    try {
      const input = texts.map((text) => (text === '' ? ' ' : text.slice(0, limits.textCharsMax)));
      const answer = await postJson({
        url: this.#endpoint,
        key: this.#key,
        body: JSON.stringify({ model: this.model, input }),
        timeoutMs: this.#timeoutMs,
        signal: AbortSignal.any([signal, this.#closing.signal]),
      });
      const vectors = parseEmbeddings(answer, texts.length, this.dimension);
      this.#answered = true;
      return vectors;
    } finally {
      this.#inFlight--;
    }
  }
}

function endpointOf(base: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/embeddings`;
  return url;
}
