import type { Config } from './schema.ts';

const hidden = '***';

/** The configuration with secrets masked: safe to print and to log. */
export function redact(config: Config): Config {
  if (config.embedder.kind !== 'openai') return config;
  const { key, url } = config.embedder;
  return {
    ...config,
    embedder: { ...config.embedder, key: key === null ? null : hidden, url: withoutCredentials(url) },
  };
}

/** User, password and query of a URL may be secrets too. */
function withoutCredentials(text: string): string {
  const url = new URL(text);
  if (url.username !== '') url.username = hidden;
  if (url.password !== '') url.password = hidden;
  if (url.search !== '') url.search = `?${hidden}`;
  return url.href;
}
