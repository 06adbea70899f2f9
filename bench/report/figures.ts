import { quantile, type Summary, summarise } from '../measure/statistics.ts';

/** Figures as people read them. */

/** `12,346` */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-GB');
/** `0.93` */
export const twoPlaces = (value: number): string => value.toFixed(2);
/** `3.1` */
export const onePlace = (value: number): string => value.toFixed(1);

/** `median (min–max)` in the given form. */
export function spread(values: readonly number[], form: (value: number) => string): string {
  const { median, min, max }: Summary = summarise(values);
  return `${form(median)} (${form(min)}–${form(max)})`;
}

/** The median alone. */
export function middle(values: readonly number[], form: (value: number) => string): string {
  return form(quantile(values, 0.5));
}
