import { useState } from "preact/hooks";
import { ask, ofApp } from "../api.ts";
import { useAction } from "../parts/action.tsx";
import { ActionForm } from "../parts/action-form.tsx";
import { Secret } from "../parts/secret.tsx";
import { useIsAdmin, useShared } from "../session.ts";

/** Form that signs a listener token of the chosen app, for a try in a browser. */
export function NewToken() {
  const { app } = useShared();
  const isAdmin = useIsAdmin();
  const action = useAction();
  const [sub, setSub] = useState("");
  const [scope, setScope] = useState("listen");
  const [minutes, setMinutes] = useState(10);
  const [token, setToken] = useState<string>();
  if (!isAdmin) return null;
  const make = async (): Promise<void> => {
    const body = { scope, expiresIn: minutes * 60, ...(sub === "" ? {} : { sub }) };
    setToken((await ask<{ readonly token: string }>(ofApp(app.id, "/tokens"), { method: "POST", body })).token);
  };
  return (
    <section>
      <h2>Listener token of {app.name}</h2>
      <ActionForm action={action} change={make} submit="Sign a token">
        <label>
          User (sub)
          <input maxLength={256} value={sub} onInput={({ currentTarget }) => setSub(currentTarget.value)} />
        </label>
        <label>
          Scope
          <select value={scope} onChange={({ currentTarget }) => setScope(currentTarget.value)}>
            <option value="listen">listen</option>
            <option value="listen send">listen and send</option>
          </select>
        </label>
        <label>
          Minutes
          <input
            type="number"
            min={1}
            max={1440}
            value={minutes}
            onInput={({ currentTarget }) => setMinutes(Number(currentTarget.value))}
          />
        </label>
      </ActionForm>
      {token !== undefined && <Secret title="The token" secret={token} />}
    </section>
  );
}
