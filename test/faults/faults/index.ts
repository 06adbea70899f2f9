import { childFaults } from './children.ts';
import { clockFaults } from './clock.ts';
import { descriptorFaults } from './descriptors.ts';
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
  ...descriptorFaults,
  ...clockFaults,
];

export const allFaults: readonly Fault[] = [...shortFaults, ...longEngineFaults];
