import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { useAction } from "../parts/action.tsx";
import { ActionForm } from "../parts/action-form.tsx";
import { Secret } from "../parts/secret.tsx";
import { useIsAdmin, useShared } from "../session.ts";

/** Form that makes an app and shows its key once. */
export function NewApp() {
  const { reloadApps } = useShared();
  const isAdmin = useIsAdmin();
  const action = useAction();
  const [name, setName] = useState("");
  const [made, setMade] = useState<{ readonly name: string; readonly key: string }>();
  if (!isAdmin) return null;
  const make = async (): Promise<void> => {
    setMade(await ask("/apps", { method: "POST", body: { name } }));
    setName("");
    reloadApps();
  };
  return (
    <section>
      <h2>New app</h2>
      <ActionForm action={action} change={make} submit="Make the app">
        <label>
          Name
          <input required maxLength={64} value={name} onInput={({ currentTarget }) => setName(currentTarget.value)} />
        </label>
      </ActionForm>
      {made !== undefined && <Secret title={`API key of ${made.name}`} secret={made.key} />}
    </section>
  );
}
