import { expect, test } from 'vitest';
import { buildModel } from '../../src/models/model.ts';
import { modelSchema } from '../../src/models/schema.ts';
import { FallbackWatch } from '../../src/providers/fallback-watch.ts';
import { ManualClock } from './support/clock.ts';
import { ListLog } from './support/log.ts';

const model = (name: string) => buildModel(modelSchema.parse({ name }), {});
const other = model('other');

test('models that reloads have taken away, while another wrote for them, don’t gather', () => {
  const watch = new FallbackWatch(new ManualClock());
  const log = new ListLog();
  for (let i = 0; i < 1_001; i += 1) watch.replaced(model(`m-${i}`), other, undefined, log);
  expect(log.events).toHaveLength(1_001);
  // The latest is known, and is said once; the first is forgotten, and is news again.
  watch.replaced(model('m-1000'), other, undefined, log);
  expect(log.events).toHaveLength(1_001);
  watch.replaced(model('m-0'), other, undefined, log);
  expect(log.events).toHaveLength(1_002);
});
