/** Environment variables, by name; an unset one is undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;
