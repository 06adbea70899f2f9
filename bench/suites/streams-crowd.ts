import type { Httpd } from '../../test/harness/httpd.ts';
import type { Front } from '../fronts.ts';
import type { Numbers } from '../numbers.ts';
import type { TokenProvider } from '../provider/token-provider.ts';
import type { Pace } from '../provider/tokens.ts';
import type { Point } from '../report/points.ts';

/** Many streams of one subject, to be measured. */
export interface StreamsOf {
  readonly name: string;
  readonly front: Front;
  readonly count: number;
  readonly pace: Pace;
  readonly numbers: Numbers;
  readonly gate: Gate;
  /** All ask for the same page. */
  readonly shared?: boolean;
  /** Whose memory and static files are looked at, if any. */
  readonly httpd?: Httpd;
}

/** What was seen of them. */
export interface Streams {
  readonly name: string;
  readonly count: number;
  /** How many waited when the streams began. */
  readonly waiting: number;
  /** How many ended whole and right. */
  readonly right: number;
  /** Milliseconds of all tokens: 0.5, 0.99 and 0.999 quantile, and percentiles for a picture. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** The 0.99 quantile of the first tokens of their streams alone. */
  readonly firstP99: number;
  readonly delays: readonly Point[];
  readonly server: ServerFigures | undefined;
}

/** What httpd needed for them. */
export interface ServerFigures {
  /** Bytes of httpd's children together. */
  readonly memory: Stages;
  /** Bytes of the engine. */
  readonly engine: Stages;
  /** Streams and megabytes while they came. */
  readonly growth: readonly Point[];
  /** Static files a second, alone (before and after) and while all wait; 0: not all came. */
  readonly staticAlone: readonly number[];
  readonly staticWaiting: number;
}

export interface Stages {
  readonly idle: number;
  readonly waiting: number;
  readonly streaming: number;
}

/** Holds the tokens of all streams back until told. */
export interface Gate {
  hold(): Promise<void>;
  go(): Promise<void>;
  /** How many pages have been asked for since `hold`. */
  asked(): Promise<number>;
}

export function heldByProvider(provider: TokenProvider): Gate {
  return {
    async hold() {
      await provider.forget();
      await provider.hold();
    },
    go: () => provider.go(),
    asked: async () => (await provider.tally()).asked,
  };
}

/** The engine of tokens holds its pages from its start, and begins once. */
export function heldByEngine(httpd: Httpd): Gate {
  return {
    hold: () => httpd.enginesReady(),
    async go() {
      process.kill((await httpd.engine()).pid, 'SIGUSR2');
    },
    async asked() {
      return httpd.engineConnections().length;
    },
  };
}
