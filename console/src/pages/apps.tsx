import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { NewApp } from "../apps/new-app.tsx";
import { NewToken } from "../apps/new-token.tsx";
import { ActionButton, ActionError, useAction } from "../parts/action.tsx";
import { Secret } from "../parts/secret.tsx";
import { Time } from "../parts/text.tsx";
import { type App, useShared } from "../session.ts";

/** Apps of the installation with their keys. */
export function Apps() {
  const { apps } = useShared();
  return (
    <>
      <h1>Apps and keys</h1>
      {apps.map((app) => (
        <Entry key={app.id} app={app} />
      ))}
      <NewApp />
      <NewToken />
    </>
  );
}

const MAX_KEYS = 2;

function Entry({ app }: { readonly app: App }) {
  const { reloadApps } = useShared();
  const action = useAction();
  const [secret, setSecret] = useState<string>();
  const path = `/apps/${app.id}`;
  const addKey = async (): Promise<void> => {
    setSecret((await ask<{ readonly key: string }>(`${path}/keys`, { method: "POST", body: {} })).key);
    reloadApps();
  };
  const change = (tail: string) => async (): Promise<void> => {
    await ask(path + tail, { method: "DELETE" });
    reloadApps();
  };
  return (
    <section>
      <h2>{app.name}</h2>
      <p class="soft">
        {app.id} · created <Time at={app.created} />
      </p>
      <ul class="rows">
        {app.keys.map((key) => (
          <li key={key.id} class="row">
            <code>{key.id}</code>
            <span class="soft">
              {key.scopes.join(", ")} · created <Time at={key.created} />
            </span>
            <ActionButton
              action={action}
              change={change(`/keys/${key.id}`)}
              question="Revoke this key? Its tokens and streams end within 5 seconds."
              label={`Revoke key ${key.id}`}
            >
              Revoke
            </ActionButton>
          </li>
        ))}
        {app.keys.length === 0 && <li class="soft">No key: the app can do nothing.</li>}
      </ul>
      {secret !== undefined && <Secret title={`New API key of ${app.name}`} secret={secret} />}
      <ActionError action={action} />
      <p class="row">
        {app.keys.length > 0 && app.keys.length < MAX_KEYS && (
          <ActionButton action={action} change={addKey} label={`Make another key for ${app.name}`}>
            Make another key
          </ActionButton>
        )}
        <ActionButton
          action={action}
          change={change("")}
          question={`Delete ${app.name} with its accounts, hooks, activities and events? This cannot be undone.`}
          label={`Delete ${app.name}`}
        >
          Delete
        </ActionButton>
      </p>
    </section>
  );
}
