const WIDTH = 120;
const HEIGHT = 28;

/** Small line of the last values. The number beside tells the newest, so that screen readers skip the line. */
export function Sparkline({ points }: { readonly points: readonly number[] }) {
  const most = Math.max(1, ...points);
  const step = WIDTH / Math.max(1, points.length - 1);
  const line = points.map(
    (value, index) => `${(index * step).toFixed(1)},${(HEIGHT - (value / most) * HEIGHT).toFixed(1)}`,
  );
  return (
    <svg class="sparkline" viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline points={line.join(" ")} />
    </svg>
  );
}
