import { readFile } from 'node:fs/promises';
import { TriptychError } from '../errors.ts';
import { parseSchemaFile, type SchemaFile } from '../ingest/schema-file.ts';

/** The schema file at `path`; `shown` names it in errors. @throws TriptychError invalid_schema */
export async function readSchemaFile(path: string, shown: string): Promise<SchemaFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new TriptychError('invalid_schema', `The schema file ${shown} cannot be read`, { cause: error });
  }
  return parseSchemaFile(text);
}
