/** A process that runs may open no more files. */

import { leaveDescriptors } from '../../harness/descriptors.ts';
import { needNobody } from '../load/kinds.ts';
import type { Fault } from './fault.ts';

const childWithout: Fault = {
  name: 'child without descriptors',
  holdMs: 1_500,
  // httpd can't open a file then, and says 403; a page in the cache needs no opening.
  allows: (kind) => (needNobody.has(kind) && kind !== 'static' ? [] : ['refused']),
  async begin({ stage, below }) {
    const { pid } = await stage.child(below);
    return leaveDescriptors(pid, below(4), stage.httpd.environment);
  },
};

const engineWithout: Fault = {
  name: 'engine without descriptors',
  holdMs: 1_500,
  allows: (kind) => (needNobody.has(kind) ? [] : ['refused', 'aborted']),
  async begin({ stage, below }) {
    const engine = await stage.engine();
    return leaveDescriptors(engine.pid, below(4), stage.httpd.environment);
  },
};

export const descriptorFaults: readonly Fault[] = [childWithout, engineWithout];
