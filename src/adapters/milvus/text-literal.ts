/**
 * A text as it is written in an expression of Milvus, or null where it is not: control characters and lone surrogates
 * have no business in one. The only way that a text from outside gets into an expression.
 */
export function textLiteral(text: string): string | null {
  return /[\p{Cc}\p{Surrogate}]/u.test(text) ? null : JSON.stringify(text);
}

/** A finite number as Milvus reads a floating-point one: whole numbers beyond 64 bits would be refused. */
export function numberLiteral(value: number): string {
  const text = String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
