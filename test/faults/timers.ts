/** The timers of the site, and what follows from them for a visitor. Seconds, unless it says ms. */

export const timeouts = { connect: 2, first: 5, idle: 5, total: 12 } as const;
export const museAiTimeout = 14;

/** httpd waits so long for an engine that is away, or for one that has no answer to the last. */
const enginePatience = 10;
const grace = 5;

/** Whoever has no end by then is left waiting; two seconds are for a loaded machine. */
export const longestMs = (Math.max(enginePatience, museAiTimeout) + grace + 2) * 1_000;
