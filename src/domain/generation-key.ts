/** A tenant's catalogue generation as a key of maps: no two have the same, because what comes before the NUL is a number. */
export function generationKey({
  tenant,
  generation,
}: {
  readonly tenant: string;
  readonly generation: number;
}): string {
  return `${generation}\0${tenant}`;
}
