/** Nothing of httpd or of the engine ends by a fault of its own. */

import type { Stage } from '../stage.ts';

/** Ends that the script does not make: crashes, aborts, exits of a child that is not wanted. */
const crash =
  /exit signal (?!Killed)|MUSE0203|ended by signal (?!9)|AH00546|AH00058|MUSE0024|assertion|stack smashing|double free/i;

export function crashes({ httpd }: Stage): string[] {
  return httpd.log.lines.filter(({ whole }) => crash.test(whole)).map(({ whole }) => whole);
}
