/** The first `max` UTF-16 units of a text, or one less: a character that two of them make is not cut in half. */
export function firstChars(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max);
}
