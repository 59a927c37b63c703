/** Why no service can know this API key; null: one may. Other characters cannot be sent in a header. */
export function keyFault(key: string): string | null {
  return /^[\x21-\x7e]*$/.test(key)
    ? null
    : 'An API key has letters, digits and signs of ASCII alone, and no spaces. Was something else pasted?';
}
