/** Milliseconds of processor that `action` takes, at best: what else the machine does is not in it. */
export function cpuTime(action: () => void): number {
  const runs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...runs);
}
