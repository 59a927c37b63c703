import { TriptychError } from '../../errors.ts';

/** How the driver reaches a server. */
export interface ConnectionSettings {
  readonly connectionString: string;
  /** false: without TLS. Otherwise the certificate and the name in it are verified. */
  readonly ssl: false | { readonly rejectUnauthorized: true; readonly ca?: string };
}

const unverified: ReadonlySet<string | null> = new Set(['allow', 'prefer', 'no-verify', 'verify-ca']);

/**
 * Settings from a URL. TLS is spoken where there is an authority (PEM) to trust or the URL's `sslmode` asks for it
 * (`require`, `verify-full`), and always verifies the server's name; what verifies less is refused.
 * @throws TriptychError invalid_settings
 */
export function connectionSettings(url: string, ca: string | null): ConnectionSettings {
  const parsed = new URL(url);
  const mode = parsed.searchParams.get('sslmode');
  if (unverified.has(mode))
    throw new TriptychError(
      'invalid_settings',
      `sslmode=${mode} in the URL of ${parsed.host} verifies less than it should: use verify-full, or disable`,
    );
  if (mode === 'disable' && ca !== null)
    throw new TriptychError(
      'invalid_settings',
      `sslmode=disable in the URL of ${parsed.host} does not go with an authority to trust`,
    );
  // The driver would let these override what is given to it beside the URL.
  for (const name of [...parsed.searchParams.keys()])
    if (name.startsWith('ssl') || name === 'uselibpqcompat') parsed.searchParams.delete(name);
  const wanted = ca !== null || (mode !== null && mode !== 'disable');
  const ssl = wanted ? { rejectUnauthorized: true as const, ...(ca !== null && { ca }) } : false;
  return { connectionString: parsed.href, ssl };
}
