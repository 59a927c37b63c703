export interface ServerVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** `v2.3.5-lite`; null: not a version that says anything. */
export function parseVersion(text: string): ServerVersion | null {
  const parts = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (parts === null) return null;
  return { text, major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3] ?? 0) };
}

export function isAtLeast(version: ServerVersion, major: number, minor: number, patch: number): boolean {
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  return version.patch >= patch;
}

/**
 * What to say about a server, or null. CVE-2025-64513: a header of the request stands in for a password. CVE-2026-26190:
 * port 9091 runs expressions of anybody, and its REST interface asks for no password.
 */
export function versionWarning(version: ServerVersion): string | null {
  const fixed =
    isAtLeast(version, 2, 6, 10) || (version.major === 2 && version.minor === 5 && version.patch >= 27);
  if (fixed) return null;
  return `Milvus ${version.text} lets anybody in who reaches it (CVE-2025-64513, CVE-2026-26190): run 2.5.27, 2.6.10 or newer, and publish port 9091 to nobody`;
}
