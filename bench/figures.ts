/** Percentile of a list of numbers, 0 to 1. */
export function percentile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** Figure of a bench with its bound. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly must?: { readonly max?: number; readonly min?: number };
}

/** Formats figures for people; an arrow shows the bound. */
export function table(title: string, figures: readonly Figure[]): string {
  const lines = figures.map(({ name, value, unit, must }) => {
    const bound =
      must?.max !== undefined ? `must be <= ${must.max}` : must?.min !== undefined ? `must be >= ${must.min}` : "";
    const met = (must?.max === undefined || value <= must.max) && (must?.min === undefined || value >= must.min);
    return `  ${name.padEnd(52)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(8)} ${bound}${bound === "" || met ? "" : "  MISSED"}`;
  });
  return `${title}\n${lines.join("\n")}`;
}
