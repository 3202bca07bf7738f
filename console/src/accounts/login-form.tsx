import { useState } from "preact/hooks";
import { ApiError, ask, ofApp } from "../api.ts";
import { ObjectFields } from "../form/compound-fields.tsx";
import { type JsonObject, withoutEmpty } from "../form/schema.ts";
import { useAction } from "../parts/action.tsx";
import { ActionForm } from "../parts/action-form.tsx";
import type { Platform } from "../parts/platforms.ts";
import { Status } from "../parts/text.tsx";
import { useShared } from "../session.ts";
import type { Account } from "./account.ts";
import { mailPreset } from "./mail-presets.ts";

/** Form that stores an account's login. What it takes follows from the platform's schema. */
export function LoginForm({
  platform,
  onConnected,
}: {
  readonly platform: Platform;
  readonly onConnected: () => void;
}) {
  const { app } = useShared();
  const action = useAction();
  const [address, setAddress] = useState("");
  const [credentials, setCredentials] = useState<JsonObject>({});
  const [isOnline, setOnline] = useState(false);
  const [stored, setStored] = useState<Account>();
  const preset = platform.id === "email" ? mailPreset(address) : undefined;
  const store = async (): Promise<void> => {
    const body = {
      platform: platform.id,
      address,
      credentials: withoutEmpty(credentials) ?? {},
      ...(isOnline ? { online: true } : {}),
    };
    setStored(await ask<Account>(ofApp(app.id, "/accounts"), { method: "PUT", body }));
    setCredentials({});
    onConnected();
  };
  return (
    <ActionForm
      action={action}
      change={store}
      submit="Store the login"
      beside={
        <output>
          {stored !== undefined && (
            <>
              {stored.address}: <Status status={stored.state} />
            </>
          )}
        </output>
      }
    >
      <label>
        Address of the account (required)
        <input
          required
          spellcheck={false}
          autocomplete="off"
          value={address}
          onInput={({ currentTarget }) => setAddress(currentTarget.value)}
        />
      </label>
      {preset !== undefined && (
        <p>
          <button
            type="button"
            class="plain small"
            onClick={() => setCredentials({ ...preset, ...passwordOf(credentials) })}
          >
            Fill in the servers of {String(preset.host)}
          </button>
        </p>
      )}
      <ObjectFields
        pointer="/credentials"
        schema={platform.credentials?.schema ?? {}}
        value={credentials}
        faults={action.error instanceof ApiError ? action.error.errors : []}
        onChange={setCredentials}
      />
      <label>
        <input type="checkbox" checked={isOnline} onChange={({ currentTarget }) => setOnline(currentTarget.checked)} />
        Stay connected without anything to send
      </label>
      <p class="soft">The login is sealed to a key that only workers hold; nobody can read it back.</p>
    </ActionForm>
  );
}

function passwordOf({ password }: JsonObject): JsonObject {
  return password === undefined ? {} : { password };
}
