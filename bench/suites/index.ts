import type { Suite } from '../suite.ts';
import { cached } from './cached.ts';
import { miss } from './miss.ts';
import { reload } from './reload.ts';

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [cached, miss, reload];
