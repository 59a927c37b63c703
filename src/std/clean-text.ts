/**
 * Why a text cannot be stored, or null: stores refuse NUL, and a lone surrogate is no Unicode text and would come
 * back changed.
 */
export function textProblem(text: string): string | null {
  if (text.includes('\0')) return 'must not contain NUL';
  if (/\p{Surrogate}/u.test(text)) return 'must not contain a lone surrogate';
  return null;
}
