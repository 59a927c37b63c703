/** The texts in Unicode NFC, each once, in the order in which they first stand. */
export function distinctNfc(texts: readonly string[]): string[] {
  return [...new Set(texts.map((text) => text.normalize('NFC')))];
}
