import type { EngineSet } from './set.mjs';

/** One kind of server; every function takes the set it belongs to. */
export interface Engine {
  readonly name: string;
  readonly ports: { readonly main: number } & Readonly<Record<string, number>>;
  install(set: EngineSet): Promise<void>;
  start(set: EngineSet): Promise<void>;
  /** The version, once it answers a query. @throws Error where it does not become ready */
  waitReady(set: EngineSet): Promise<string>;
  stop(set: EngineSet): Promise<boolean>;
  /** null where it does not run. */
  pid(set: EngineSet): number | null;
  version(set: EngineSet): Promise<string>;
  env(set: EngineSet): Record<string, string>;
}

export interface UpOutcome {
  readonly name: string;
  readonly failure: string | null;
  readonly started: boolean;
}

export interface EngineStatus {
  readonly name: string;
  readonly pid: number | null;
  readonly port: number;
  readonly version: string | null;
  readonly failure: string | null;
}

export const engines: Readonly<Record<string, Engine>>;
export const usualNames: readonly string[];
export function up(set: EngineSet, names: readonly string[]): Promise<UpOutcome[]>;
export function down(set: EngineSet, names: readonly string[]): Promise<void>;
export function status(set: EngineSet, names: readonly string[]): Promise<EngineStatus[]>;
export function env(set: EngineSet, names: readonly string[]): Record<string, string>;
