import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { jsonPath } from '../std/json-path.ts';

/**
 * Refuses a value that JSON was made into elsewhere, where it is nested deeper than limits.jsonDepthMax: whatever walks
 * it, a schema to begin with, could overflow.
 * @throws TriptychError invalid_request, with the path of the member that is too deep
 */
export function refuseDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (!isDeeperThan(member, limits.jsonDepthMax - 1)) continue;
    const path = jsonPath([Array.isArray(value) ? Number(name) : name]);
    const message = `is nested too deep: at most ${limits.jsonDepthMax} levels in all`;
    throw new TriptychError('invalid_request', `${path}: ${message}`, { fields: [{ path, message }] });
  }
}

/** Recursion ends at `levels`. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((member) => isDeeperThan(member, levels - 1));
}
