/** How long, and how much: requests a second, and pages under way all the time. */
export interface SoakSize {
  readonly minutes: number;
  readonly perSecond: number;
  readonly streams: number;
}
