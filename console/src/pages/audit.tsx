import { Showing, useLoaded } from "../parts/loading.tsx";
import { Table } from "../parts/table.tsx";
import { Time } from "../parts/text.tsx";
import { linkWith, type Route } from "../route.ts";
import { useShared } from "../session.ts";

interface Entry {
  readonly id: string;
  readonly time: string;
  readonly name: string;
  readonly role: string;
  readonly action: string;
  readonly app: string;
  readonly status: number;
}

/** Changes that users of the console made, newest first. */
export function Audit({ route }: { readonly route: Route }) {
  const { apps } = useShared();
  const after = route.query.get("after") ?? "";
  const path = after === "" ? "/audit" : `/audit?after=${encodeURIComponent(after)}`;
  const loaded = useLoaded<{ readonly entries: readonly Entry[]; readonly next?: string }>(path);
  const nameOf = (id: string): string => apps.find((app) => app.id === id)?.name ?? id;
  return (
    <>
      <h1>Audit log</h1>
      <Showing loaded={loaded}>
        {({ entries, next }) => (
          <>
            <Table label="Changes" columns={["When", "Who", "What", "App"]} numbers={["Answer"]}>
              {entries.map(({ id, time, name, role, action, app, status }) => (
                <tr key={id}>
                  <td>
                    <Time at={time} />
                  </td>
                  <td>
                    {name} <span class="soft">({role})</span>
                  </td>
                  <td>{action}</td>
                  <td>{nameOf(app)}</td>
                  <td class="number">{status}</td>
                </tr>
              ))}
            </Table>
            {next !== undefined && <a href={linkWith("audit", { after: next })}>Older changes</a>}
          </>
        )}
      </Showing>
    </>
  );
}
