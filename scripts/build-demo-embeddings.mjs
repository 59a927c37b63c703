// Embeds the demo catalogue with the built-in model and writes demo/embeddings.i8 and demo/embeddings.json.
// Run it after a change of the demo's texts, on a fresh build: npm run build && node scripts/build-demo-embeddings.mjs
import { writeFile } from 'node:fs/promises';
import { SentenceEncoder } from '../dist/adapters/tfjs/sentence-encoder.js';
import { dimension, modelName } from '../dist/adapters/tfjs/use-lite.js';
import { demoTexts, loadWithoutVectors } from '../dist/demo/movie-demo.js';
import { quantise, textsDigest } from '../dist/demo/quantised-vectors.js';

const batch = 128;
const folder = new URL('../demo/', import.meta.url);

const { schema, documents } = await loadWithoutVectors();
const texts = demoTexts(schema, documents);
const encoder = await SentenceEncoder.load();
const rows = new Int8Array(texts.length * dimension);
for (let at = 0; at < texts.length; at += batch) {
  const chunk = texts.slice(at, at + batch);
  const vectors = await encoder.encode(chunk.map(({ text }) => text));
  for (let i = 0; i < chunk.length; i++)
    rows.set(quantise(vectors.subarray(i * dimension, (i + 1) * dimension)), (at + i) * dimension);
  process.stderr.write(`\r${Math.min(at + batch, texts.length)} of ${texts.length}`);
}
process.stderr.write('\n');
const info = { model: modelName, dimension, count: texts.length, texts_sha256: textsDigest(texts) };
await writeFile(new URL('embeddings.i8', folder), rows);
await writeFile(new URL('embeddings.json', folder), `${JSON.stringify(info, null, 2)}\n`);
