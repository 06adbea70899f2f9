// What the scripts say: short lines for people, coloured only where a terminal shows colours.

const colours = process.stdout.isTTY && process.env.NO_COLOR === undefined;

function paint(code, text) {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** @param {string} text */
export function step(text) {
  process.stdout.write(`${paint('1;36', '•')} ${text}\n`);
}

/** @param {string} text */
export function detail(text) {
  process.stdout.write(`${text.replaceAll(/^/gm, '  ')}\n`);
}

/** @param {string} text */
export function good(text) {
  process.stdout.write(`${paint('32', '✓')} ${text}\n`);
}

/** @param {string} text */
export function bad(text) {
  process.stdout.write(`${paint('31', '✗')} ${text}\n`);
}

/** An error whose message is all that a person needs: it is shown without a stack. */
export class Complaint extends Error {}

/**
 * Runs a script's main function: a Complaint is shown as it is, anything else with its stack.
 * @param {() => Promise<number | void>} main returns the exit status, 0 if nothing
 */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Complaint ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
