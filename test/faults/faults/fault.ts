/** What is done to the site. */

import type { KindName } from '../load/kinds.ts';
import type { Outcome } from '../load/record.ts';
import type { Victims } from '../load/victims.ts';
import type { Stage } from '../stage.ts';

export interface Scene {
  readonly stage: Stage;
  readonly victims: Victims;
  /** The script's own random numbers. */
  readonly below: (end: number) => number;
}

/** Takes the fault away again. */
export type Lift = () => void | Promise<void>;

export interface Fault {
  readonly name: string;
  /** How long it lasts. */
  readonly holdMs: number;
  /** What may become of a request meanwhile beside `whole`. */
  readonly allows: (kind: KindName) => readonly Outcome[];
  readonly begin: (scene: Scene) => Promise<Lift>;
}

export const nothing = (): readonly Outcome[] => [];

/** Takes nothing away: for a fault that is over as soon as it was done. */
export const gone: Lift = () => undefined;
