import { z } from 'zod';

/** A fault that toxiproxy puts into a connection; https://github.com/Shopify/toxiproxy names and means them so. */
export type Toxic =
  /** Every piece of data arrives later, by so many ms. */
  | { readonly type: 'latency'; readonly attributes: { readonly latency: number; readonly jitter?: number } }
  /** Nothing arrives; 0: and the connection stays open until the toxic is taken away, which closes it. */
  | { readonly type: 'timeout'; readonly attributes: { readonly timeout: number } }
  /** The connection is reset (RST) so many ms after data came. */
  | { readonly type: 'reset_peer'; readonly attributes: { readonly timeout: number } }
  /** Data arrives in pieces of about so many bytes, so many microseconds apart. */
  | {
      readonly type: 'slicer';
      readonly attributes: {
        readonly average_size: number;
        readonly size_variation: number;
        readonly delay: number;
      };
    };

/** `upstream`: what the client sends, `downstream`: what the server answers. */
export type Stream = 'upstream' | 'downstream';

const proxyAnswer = z.object({ name: z.string(), listen: z.string() });

/** One port that leads to a server. */
export interface FaultProxy {
  readonly port: number;
  /** @returns the name to take it away by */
  add(toxic: Toxic, stream: Stream): Promise<string>;
  remove(toxicName: string): Promise<void>;
  /** false: what is connected is closed, and nobody listens any more. */
  setEnabled(enabled: boolean): Promise<void>;
  delete(): Promise<void>;
}

/**
 * Makes a proxy on a free port of this machine.
 * @param url of toxiproxy's own interface
 * @param upstreamPort where the server listens on this machine
 */
export async function openFaultProxy(url: string, name: string, upstreamPort: number): Promise<FaultProxy> {
  const upstream = `127.0.0.1:${upstreamPort}`;
  const made = await ask(url, 'POST', '/proxies', { name, listen: '127.0.0.1:0', upstream, enabled: true });
  const { listen } = proxyAnswer.parse(made);
  const own = `/proxies/${encodeURIComponent(name)}`;
  let toxics = 0;
  return {
    port: Number(listen.slice(listen.lastIndexOf(':') + 1)),
    async add(toxic, stream) {
      toxics += 1;
      const toxicName = `${toxic.type}-${toxics}`;
      await ask(url, 'POST', `${own}/toxics`, { ...toxic, name: toxicName, stream, toxicity: 1 });
      return toxicName;
    },
    async remove(toxicName) {
      await ask(url, 'DELETE', `${own}/toxics/${toxicName}`);
    },
    // The address must be said again: with port 0 it would move.
    async setEnabled(enabled) {
      await ask(url, 'POST', own, { listen, upstream, enabled });
    },
    async delete() {
      await ask(url, 'DELETE', own);
    },
  };
}

async function ask(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, {
    method,
    // Taking a toxic away waits for what is on its way through it.
    signal: AbortSignal.timeout(60_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`toxiproxy answers ${method} ${path} with ${answer.status}: ${text}`);
  return text === '' ? null : JSON.parse(text);
}
