import { useState } from "preact/hooks";
import { ask, ofApp } from "../api.ts";
import { useAction } from "../parts/action.tsx";
import { ActionForm } from "../parts/action-form.tsx";
import { Secret } from "../parts/secret.tsx";
import { useIsAdmin, useShared } from "../session.ts";
import { EVENT_TYPES, type Hook } from "./hook.ts";

/** Form that makes a webhook, and shows its secret once. */
export function NewHook({ onMade }: { readonly onMade: () => void }) {
  const { app } = useShared();
  const isAdmin = useIsAdmin();
  const action = useAction();
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [types, setTypes] = useState<readonly string[]>([]);
  const [secret, setSecret] = useState<string>();
  if (!isAdmin) return null;
  const make = async (): Promise<void> => {
    const body = { url, ...(types.length === 0 ? {} : { types }) };
    const path = ofApp(app.id, `/hooks/${encodeURIComponent(name)}`);
    const hook = await ask<Hook & { readonly secret?: string }>(path, { method: "PUT", body });
    setSecret(hook.secret);
    onMade();
  };
  const toggle = (type: string): void =>
    setTypes(types.includes(type) ? types.filter((other) => other !== type) : [...types, type]);
  return (
    <section>
      <h2>New hook</h2>
      <ActionForm action={action} change={make} submit="Save">
        <label>
          Name
          <input
            required
            pattern="[A-Za-z0-9_\-]{1,64}"
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
          />
        </label>
        <label>
          Address (https)
          <input required type="url" value={url} onInput={({ currentTarget }) => setUrl(currentTarget.value)} />
        </label>
        <fieldset>
          <legend>Events; none chosen means all</legend>
          {EVENT_TYPES.map((type) => (
            <label key={type}>
              <input type="checkbox" checked={types.includes(type)} onChange={() => toggle(type)} />
              {type}
            </label>
          ))}
        </fieldset>
      </ActionForm>
      {secret !== undefined && <Secret title="Secret that verifies its deliveries" secret={secret} />}
    </section>
  );
}
