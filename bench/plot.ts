/** A group of bars with a title. */
export interface BarGroup {
  readonly title: string;
  readonly bars: ReadonlyArray<{ readonly name: string; readonly value: number }>;
}

const WIDTH = 720;
const LABELS = 190;
const ROW = 26;
const COLOURS = ["#9aa5b1", "#f0b429", "#2680c2"];
const escapeText = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Draws groups of horizontal bars as SVG, each group on a scale of its own. */
export function plot(groups: readonly BarGroup[]): string {
  let y = 0;
  const rows = groups.flatMap(({ title, bars }) => {
    const most = Math.max(...bars.map(({ value }) => value));
    y += 34;
    const head = `<text x="8" y="${y - 8}" font-weight="bold">${escapeText(title)}</text>`;
    const drawn = bars.map(({ name, value }, index) => {
      const width = Math.max(1, (value / most) * (WIDTH - LABELS - 90));
      const line =
        `<text x="${LABELS - 8}" y="${y + 17}" text-anchor="end">${escapeText(name)}</text>` +
        `<rect x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="20" fill="${COLOURS[index % COLOURS.length]}"/>` +
        `<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 18}">${Math.round(value)}</text>`;
      y += ROW;
      return line;
    });
    return [head, ...drawn];
  });
  const size = `width="${WIDTH}" height="${y + 12}" viewBox="0 0 ${WIDTH} ${y + 12}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="13" role="img" aria-labelledby="title">
<title id="title">${escapeText(groups.map(({ title }) => title).join("; "))}</title>
<rect width="100%" height="100%" fill="#fff"/>
${rows.join("\n")}
</svg>
`;
}
