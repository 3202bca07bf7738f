import { FAULTS } from "./faults.ts";
import { type FaultReport, isBroken, reportLine, type Sample } from "./torture.ts";

const WIDTH = 720;
const HEIGHT = 160;

/** Returns a page with each fault's line and its chart over time. */
export function reportPage(reports: readonly FaultReport[]): string {
  const sections = reports.map(
    (report) =>
      `<section><h2>${FAULTS[report.fault].title}</h2>${chart(report.samples)}` +
      `<pre class="${isBroken(report) ? "broken" : "kept"}">${reportLine(report)}</pre>${ridsOf(report)}</section>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Dragoman: torture report</title><style>
body{font:16px/1.4 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
svg{width:100%;border:1px solid #ccc}pre{white-space:pre-wrap}.kept{color:#060}.broken{color:#a00}
</style><h1>Torture report</h1><p>Blue: accepted. Green: results. Red marks: kills.</p>${sections.join("")}</html>\n`;
}

function chart(samples: readonly Sample[]): string {
  const seconds = Math.max(1, samples.at(-1)?.second ?? 1);
  const most = Math.max(1, ...samples.map(({ accepted }) => accepted));
  const x = (second: number): string => ((second / seconds) * WIDTH).toFixed(1);
  const points = (of: (sample: Sample) => number): string =>
    samples.map((sample) => `${x(sample.second)},${(HEIGHT - (of(sample) / most) * HEIGHT).toFixed(1)}`).join(" ");
  const marks = samples.flatMap((sample, index) =>
    sample.kills > (samples[index - 1]?.kills ?? 0)
      ? [
          `<line x1="${x(sample.second)}" x2="${x(sample.second)}" y1="0" y2="${HEIGHT}" stroke="#c00" stroke-opacity=".3"/>`,
        ]
      : [],
  );
  const line = (color: string, of: (sample: Sample) => number): string =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points(of)}"/>`;
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="accepted, results and kills over ${seconds} s">` +
    `${marks.join("")}${line("#06c", ({ accepted }) => accepted)}${line("#080", ({ results }) => results)}</svg>`
  );
}

/** Names the rids behind each figure that is not zero. */
function ridsOf({ audit }: FaultReport): string {
  const lists = Object.entries(audit).filter(([, value]) => Array.isArray(value) && value.length > 0);
  return lists.map(([name, rids]) => `<p>${name}: ${(rids as string[]).join(" ")}</p>`).join("");
}
