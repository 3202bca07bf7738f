/** Percentile of a list of numbers, 0 to 1. */
export function percentile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** One figure of a bench with what it must reach. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly must?: { readonly most?: number; readonly least?: number };
}

/** The figures as lines for people; an arrow says what was to be reached. */
export function table(title: string, figures: readonly Figure[]): string {
  const lines = figures.map(({ name, value, unit, must }) => {
    const bound =
      must?.most !== undefined
        ? `must be <= ${must.most}`
        : must?.least !== undefined
          ? `must be >= ${must.least}`
          : "";
    const met = (must?.most === undefined || value <= must.most) && (must?.least === undefined || value >= must.least);
    return `  ${name.padEnd(52)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit.padEnd(8)} ${bound}${bound === "" || met ? "" : "  MISSED"}`;
  });
  return `${title}\n${lines.join("\n")}`;
}
