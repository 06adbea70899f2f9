import { findProcess, type RunningProcess } from './processes.ts';
import { isListening } from './tcp-sockets.ts';
import { waitUntil } from './wait-until.ts';

/**
 * Waits until httpd's children from before a restart accept nobody any more. httpd says that it has
 * restarted when it has told them so, not when they have heard it: until then they answer as the
 * old configuration says. One that is stopped hears nothing, and is not waited for.
 */
export async function untilTheyAcceptNobody(children: readonly RunningProcess[]): Promise<void> {
  const accepting = () => children.map(({ pid }) => pid).filter(mayAccept);
  await waitUntil(
    () => `children from before the restart to accept nobody: ${accepting().join(', ')}`,
    () => accepting().length === 0,
  );
}

function mayAccept(pid: number): boolean {
  const state = findProcess(pid)?.state.toUpperCase();
  return state !== undefined && state !== 'T' && isListening(pid);
}
