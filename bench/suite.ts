/** What every suite of benchmarks looks like to the program that runs it. */

export interface SuiteContext {
  /** Fewer and shorter rounds: to see that all works, not for figures to keep. */
  readonly quick: boolean;
  /** Tells whoever watches what is going on. */
  readonly say: (text: string) => void;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
}

/** Lines in a picture, for figures that say more in their whole than by a few numbers. */
export interface Plot {
  /** The name of the file, without its suffix. */
  readonly file: string;
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly {
    readonly name: string;
    readonly points: readonly (readonly [x: number, y: number])[];
  }[];
}

/** A figure that the project set itself. A missed one is reported and is not an error. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly met: boolean;
}

export interface SuiteReport {
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  readonly plots?: readonly Plot[];
  /** Everything that was measured, round by round, for whoever wants to calculate again. */
  readonly samples: unknown;
}

export interface Suite {
  readonly name: string;
  readonly title: string;
  /** What is measured and how, a paragraph each. */
  readonly method: readonly string[];
  /** Throws when this machine lacks something that the suite needs, and says what to do. */
  readonly check?: (context: Pick<SuiteContext, 'quick'>) => void;
  /** Throws when something is wrong: a figure that can't be trusted is not reported. */
  run(context: SuiteContext): Promise<SuiteReport>;
}
