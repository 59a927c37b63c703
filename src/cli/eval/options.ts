import type { ReachOptions } from '../reach-server.ts';

/** The flags of `triptych eval` as commander gives them. */
export interface EvalOptions extends ReachOptions {
  readonly queries: string;
  readonly qrels: string;
  readonly profile: string;
  readonly compare?: readonly string[];
  readonly run?: string;
  readonly k: string;
  readonly seed: string;
  readonly json?: boolean;
}
