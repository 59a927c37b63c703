/** `Amélie: The Movie` -> `amelie-the-movie`: ASCII letters and digits, everything else one hyphen; may be empty. */
export function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
