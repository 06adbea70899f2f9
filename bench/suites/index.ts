import type { Suite } from '../suite.ts';
import { abort } from './abort.ts';
import { blocking } from './blocking.ts';
import { cached } from './cached.ts';
import { cold } from './cold.ts';
import { miss } from './miss.ts';
import { reload } from './reload.ts';
import { render } from './render.ts';
import { stampede } from './stampede.ts';
import { streams } from './streams.ts';

/** All suites, in the order in which they run. */
export const suites: readonly Suite[] = [
  cached,
  miss,
  cold,
  streams,
  blocking,
  stampede,
  abort,
  reload,
  render,
];
