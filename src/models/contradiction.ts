/** What is wrong between fields of models.json of which each alone is right. */
export interface Contradiction {
  /** Of the field that should change. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}
