/** A text as one word of a POSIX shell: in single quotes, each of its own closed, escaped and opened again. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * The request as a command to paste. Where a key is used its place is the variable TRIPTYCH_API_KEY: what is copied may
 * be shown to others.
 * @param origin scheme, host and port under which this page reaches the service
 */
export function curlOf(origin: string, path: string, body: unknown, withKey: boolean): string {
  const lines = [
    `curl -s ${shellQuoted(`${origin}${path}`)}`,
    "-H 'content-type: application/json'",
    ...(withKey ? ['-H "authorization: Bearer $TRIPTYCH_API_KEY"'] : []),
    `-d ${shellQuoted(JSON.stringify(body))}`,
  ];
  return lines.join(' \\\n  ');
}
