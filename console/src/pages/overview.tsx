import { ofApp } from "../api.ts";
import { countsBy, type Figures, gaugeOf, sumOf } from "../overview/figures.ts";
import { FindMessage } from "../overview/find-message.tsx";
import { FirstMessage } from "../overview/first-message.tsx";
import { Quantiles } from "../overview/latencies.tsx";
import { Platforms } from "../overview/platforms.tsx";
import { Sparkline } from "../overview/sparkline.tsx";
import { useFigures } from "../overview/use-figures.ts";
import { Showing, useLoaded, Wrong } from "../parts/loading.tsx";
import { Reason, Status } from "../parts/text.tsx";
import { linkTo } from "../route.ts";
import { useShared } from "../session.ts";

/** First page: what the gateway does at the moment, and what needs attention. */
export function Overview() {
  const { figures, rates, error } = useFigures();
  return (
    <>
      <h1>Overview</h1>
      {error !== undefined && <Wrong>{error}</Wrong>}
      <FindMessage />
      <FirstMessage />
      {figures !== undefined && <Numbers figures={figures} rates={rates} />}
      <Attention />
      {figures !== undefined && <Platforms figures={figures} />}
      {figures !== undefined && <Quantiles figures={figures} />}
      <p class="soft">Figures are of the API process that answers and of its worker, since their start.</p>
    </>
  );
}

function Numbers({ figures, rates }: { readonly figures: Figures; readonly rates: Rates }) {
  const { metrics } = figures;
  const streams = countsBy(metrics, "dragoman_streams", "transport");
  const memory = gaugeOf(metrics, "dragoman_redis_memory_ratio");
  const redis = figures.redis.up
    ? `${Math.round(memory * 100)} % of its memory, ${figures.redis.pressure} pressure`
    : "";
  return (
    <ul class="tiles">
      <Tile title="Accepted per second" value={rates.accepted.at(-1)} points={rates.accepted} />
      <Tile title="Results per second" value={rates.results.at(-1)} points={rates.results} />
      <Tile title="Waiting for a result" value={gaugeOf(metrics, "dragoman_outstanding")} note="all apps" />
      <Tile
        title="Lanes at work"
        value={sumOf(metrics, "dragoman_lanes_active")}
        note="conversations being carried out"
      />
      <Tile title="Open streams" value={sumOf(metrics, "dragoman_streams")} note={textOf(streams)} />
      <Tile title="Connections" value={gaugeOf(metrics, "dragoman_sessions")} note="accounts that stay online" />
      <Tile title="Redis" value={figures.redis.up ? "up" : "away"} note={redis} />
      <Tile
        title="Worker"
        value={figures.worker === false ? "away" : "at work"}
        note={figures.worker === undefined ? "runs elsewhere" : ""}
      />
    </ul>
  );
}

interface Rates {
  readonly accepted: readonly number[];
  readonly results: readonly number[];
}

interface TileProps {
  readonly title: string;
  readonly value: number | string | undefined;
  readonly note?: string;
  readonly points?: readonly number[];
}

function Tile({ title, value = 0, note, points }: TileProps) {
  return (
    <li class="tile">
      <h2>{title}</h2>
      <p class="figure">
        {typeof value === "number" ? value.toLocaleString(undefined, { maximumFractionDigits: 1 }) : value}
      </p>
      {points !== undefined && <Sparkline points={points} />}
      {note !== undefined && note !== "" && <p class="soft">{note}</p>}
    </li>
  );
}

function textOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
}

interface Account {
  readonly id: string;
  readonly platform: string;
  readonly address: string;
  readonly state: string;
  readonly online: boolean;
  readonly error?: { readonly code: string; readonly detail: string };
}

const NEEDING = ["needs-login", "restricted"];

/** Accounts of the app that a person has to look at. */
function Attention() {
  const { app } = useShared();
  const loaded = useLoaded<{ readonly accounts: readonly Account[] }>(ofApp(app.id, "/accounts?limit=1000"), 10_000);
  return (
    <section>
      <h2>Accounts that need attention</h2>
      <Showing loaded={loaded}>
        {({ accounts }) => {
          const needing = accounts.filter(({ state, error }) => NEEDING.includes(state) || error !== undefined);
          if (needing.length === 0)
            return (
              <p class="soft">
                None of {app.name}’s {accounts.length} accounts.
              </p>
            );
          return (
            <ul class="rows">
              {needing.map(({ id, platform, address, state, error }) => (
                <li key={id}>
                  <a href={linkTo("accounts")}>{address}</a> <span class="soft">{platform}</span>{" "}
                  <Status status={state} />
                  <Reason error={error} />
                </li>
              ))}
            </ul>
          );
        }}
      </Showing>
    </section>
  );
}
