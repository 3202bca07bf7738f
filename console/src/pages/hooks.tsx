import { useState } from "preact/hooks";
import { ask, ofApp } from "../api.ts";
import { Deliveries } from "../hooks/deliveries.tsx";
import type { Hook } from "../hooks/hook.ts";
import { NewHook } from "../hooks/new-hook.tsx";
import { ActionButton, ActionError, useAction } from "../parts/action.tsx";
import { Showing, useLoaded } from "../parts/loading.tsx";
import { Reason, Status, Time } from "../parts/text.tsx";
import { useShared } from "../session.ts";

/** The app's outgoing webhooks. */
export function Hooks() {
  const { app } = useShared();
  const loaded = useLoaded<{ readonly hooks: readonly Hook[] }>(ofApp(app.id, "/hooks"), 5_000);
  return (
    <>
      <h1>Hooks</h1>
      <Showing loaded={loaded}>
        {({ hooks }) => (
          <>
            {hooks.length === 0 && <p class="soft">{app.name} has no hooks.</p>}
            {hooks.map((hook) => (
              <HookEntry key={hook.name} hook={hook} reload={loaded.reload} />
            ))}
          </>
        )}
      </Showing>
      <NewHook onMade={loaded.reload} />
    </>
  );
}

function HookEntry({ hook, reload }: { readonly hook: Hook; readonly reload: () => void }) {
  const { app } = useShared();
  const action = useAction();
  const [isOpen, setOpen] = useState(false);
  const { name, url, types, platforms, actors, format, state, failingSince, error, lag } = hook;
  const path = ofApp(app.id, `/hooks/${encodeURIComponent(name)}`);
  const change = (method: "POST" | "PUT" | "DELETE", tail: string, body?: unknown) => async (): Promise<void> => {
    await ask(path + tail, { method, body });
    reload();
  };
  const settings = {
    url,
    ...(types && { types }),
    ...(platforms && { platforms }),
    ...(actors && { actors }),
    ...(format && { format }),
  };
  return (
    <section>
      <h2>{name}</h2>
      <p>
        <Status status={state} /> {url}
        {types !== undefined && <span class="soft"> · {types.join(", ")}</span>}
      </p>
      <p class="soft">
        {lag.held} events wait for a retry; the oldest unprocessed event is {Math.round(lag.seconds)} s old.
        {failingSince !== undefined && (
          <>
            {" "}
            Failing since <Time at={failingSince} />.
          </>
        )}
      </p>
      <Reason error={error} />
      <ActionError action={action} />
      <p class="row">
        {state === "disabled" ? (
          <ActionButton action={action} change={change("PUT", "", settings)}>
            Switch on
          </ActionButton>
        ) : (
          <ActionButton action={action} change={change("POST", "/test")} label={`Send a test to ${name}`}>
            Send a test
          </ActionButton>
        )}
        <ActionButton
          action={action}
          change={change("POST", "/replay", { after: "earliest" })}
          question="Deliver all kept events again?"
          label={`Replay to ${name}`}
        >
          Replay
        </ActionButton>
        <ActionButton
          action={action}
          change={change("DELETE", "")}
          question={`Delete the hook ${name}?`}
          label={`Delete ${name}`}
        >
          Delete
        </ActionButton>
        <button type="button" class="plain small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Deliveries
        </button>
      </p>
      {isOpen && <Deliveries path={path} />}
    </section>
  );
}
