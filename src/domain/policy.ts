import type { Rule } from './rule.ts';

/** -1..1 by facet and value: what somebody likes or does not. */
export type Preferences = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What a user has declared in one context. */
export interface Policy {
  readonly preferences: Preferences;
  readonly constraints: readonly Rule[];
  /** 0..1, how far one like moves a learned preference; null: the next wider policy's, in the end defaultLearningRate. */
  readonly learningRate: number | null;
  /** 0..1, kept for the learning to come and without effect today; null as above. */
  readonly explorationRate: number | null;
}

export interface StoredPolicy extends Policy {
  /** Grows with every write, never repeats within a tenant, also after a deletion; 0: never written. */
  readonly version: number;
}

/** A named situation with rules that hold for everybody in it, for example `kids`. */
export interface ContextTemplate {
  readonly description: string;
  readonly rules: readonly Rule[];
  readonly preferences: Preferences;
}

/** What the tenant has declared for all its users, and the contexts that there are besides `default`. */
export interface TenantRules {
  readonly rules: readonly Rule[];
  readonly contexts: Readonly<Record<string, ContextTemplate>>;
}

export interface StoredTenantRules extends TenantRules {
  /** As StoredPolicy.version. */
  readonly version: number;
}

/** The context that needs no declaration. */
export const defaultContext = 'default';
export const defaultLearningRate = 0.1;

export const emptyPolicy: StoredPolicy = {
  preferences: {},
  constraints: [],
  learningRate: null,
  explorationRate: null,
  version: 0,
};

export const noTenantRules: StoredTenantRules = { rules: [], contexts: {}, version: 0 };
