import { useState } from "preact/hooks";
import { ofApp } from "../api.ts";
import { type Activity, STATUSES } from "../history/activity.ts";
import { ActivityDetails } from "../history/activity-details.tsx";
import { Choice } from "../parts/choice.tsx";
import { Showing, useLoaded } from "../parts/loading.tsx";
import { usePlatforms } from "../parts/platforms.ts";
import { Table } from "../parts/table.tsx";
import { Reason, Status, Time } from "../parts/text.tsx";
import { goTo, linkTo, linkWith, type Route } from "../route.ts";
import { useShared } from "../session.ts";

const NAMES = ["target", "actor", "status", "platform", "since", "until", "after"] as const;

/** Accepted activities, newest first; or one of them. */
export function History({ route }: { readonly route: Route }) {
  const [rid] = route.rest;
  return rid === undefined ? <List route={route} /> : <ActivityDetails rid={rid} />;
}

function List({ route: { query } }: { readonly route: Route }) {
  const { app } = useShared();
  const asked = Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""])) as Record<
    (typeof NAMES)[number],
    string
  >;
  const given = Object.entries(asked).filter(([, value]) => value !== "");
  const path = ofApp(app.id, `/activities?${new URLSearchParams([...given, ["limit", "50"]])}`);
  const loaded = useLoaded<{ readonly activities: readonly Activity[]; readonly next?: string }>(path);
  return (
    <>
      <h1>History</h1>
      <Filters key={query.toString()} asked={asked} />
      <Showing loaded={loaded}>
        {({ activities, next }) => (
          <>
            {activities.length === 0 ? <p class="soft">No activity fits.</p> : <Activities activities={activities} />}
            {next !== undefined && <a href={linkWith("history", { ...asked, after: next })}>Older activities</a>}
          </>
        )}
      </Showing>
    </>
  );
}

type Asked = Readonly<Record<(typeof NAMES)[number], string>>;

function Filters({ asked }: { readonly asked: Asked }) {
  const [filter, setFilter] = useState(asked);
  const set = (name: keyof Asked) => (value: string) => setFilter({ ...filter, [name]: value });
  const text = (name: keyof Asked, label: string) => (
    <label>
      {label}
      <input spellcheck={false} value={filter[name]} onInput={({ currentTarget }) => set(name)(currentTarget.value)} />
    </label>
  );
  const date = (name: keyof Asked, label: string) => (
    <label>
      {label}
      <input type="date" value={filter[name]} onInput={({ currentTarget }) => set(name)(currentTarget.value)} />
    </label>
  );
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        goTo(linkWith("history", { ...filter, after: "" }));
      }}
    >
      {text("target", "To (address)")}
      {text("actor", "From (address)")}
      <Choice label="Status" value={filter.status} values={STATUSES} onChoose={set("status")} />
      <Choice
        label="Platform"
        value={filter.platform}
        values={usePlatforms().map(({ id }) => id)}
        onChoose={set("platform")}
      />
      {date("since", "Since")}
      {date("until", "Until")}
      <button type="submit">Search</button>
    </form>
  );
}

function Activities({ activities }: { readonly activities: readonly Activity[] }) {
  return (
    <Table label="Activities" columns={["Accepted", "Status", "What", "To", "From"]}>
      {activities.map(({ rid, accepted, status, platform, verb, target, actor, error }) => (
        <tr key={rid}>
          <td>
            <a href={linkTo("history", String(rid))}>
              <Time at={accepted} />
            </a>
          </td>
          <td>
            <Status status={status} />
          </td>
          <td>
            {platform} {verb}
          </td>
          <td>
            {target.map(({ address }) => address).join(", ")}
            <Reason error={error} />
          </td>
          <td>{actor.address}</td>
        </tr>
      ))}
    </Table>
  );
}
