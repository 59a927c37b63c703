// Writes the reference part of docs/api.md from the compiled service: `npm run docs:api`.
import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from '../dist/http/openapi/document.js';
import { routes } from '../dist/http/routes/index.js';
import { apiReference, referenceHeading } from './api-reference.mjs';

const path = new URL('../docs/api.md', import.meta.url);
const [prose] = readFileSync(path, 'utf8').split(`\n${referenceHeading}\n`);
writeFileSync(path, `${prose.trimEnd()}\n\n${apiReference(openApiDocument(routes, ''))}`);
