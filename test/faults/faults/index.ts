import { childFaults } from './children.ts';
import { engineFaults, longEngineFaults } from './engine.ts';
import type { Fault } from './fault.ts';
import { fileFaults } from './files.ts';
import { providerFaults } from './provider.ts';
import { restartFaults } from './restarts.ts';

export const shortFaults: readonly Fault[] = [
  ...engineFaults,
  ...childFaults,
  ...fileFaults,
  ...providerFaults,
  ...restartFaults,
];

export const allFaults: readonly Fault[] = [...shortFaults, ...longEngineFaults];
