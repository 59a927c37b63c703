import { Agent, request } from 'node:http';
import type { LoadAnswer, LoadJob, LoadRequest } from './http-load.ts';
import { runClients } from './measure.ts';

/** One job at a time: sends its requests and answers with what they took, or with the first failure. */
process.on('message', (job: LoadJob) => {
  run(job).then(answerWith, (error: unknown) => answerWith({ failure: String(error) }));
});
// Nobody is left to answer.
process.on('disconnect', () => process.exit());

function answerWith(answer: LoadAnswer): void {
  process.send!(answer);
}

async function run({ url, requests, connections, calls, perSecond }: LoadJob): Promise<LoadAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    const started = performance.now();
    const answers: string[] = [];
    const round = await runClients(
      connections,
      calls,
      async (index) => {
        const asked = requests[index % requests.length]!;
        answers[index % requests.length] = await send(agent, url, asked);
      },
      // Paced calls are due at times of their own, however long the ones before took.
      perSecond === null ? undefined : (index) => started + (index * 1_000) / perSecond,
    );
    return { round, answers };
  } finally {
    agent.destroy();
  }
}

function send(agent: Agent, url: string, { method, path, body }: LoadRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const bytes = body === null ? null : Buffer.from(body);
    const headers =
      bytes === null ? {} : { 'content-type': 'application/json', 'content-length': bytes.length };
    const sent = request(`${url}${path}`, { agent, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const status = answer.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(text);
        else reject(new Error(`${method} ${path} was answered with ${status}: ${text.slice(0, 300)}`));
      });
    });
    sent.on('error', reject);
    sent.end(bytes ?? undefined);
  });
}
