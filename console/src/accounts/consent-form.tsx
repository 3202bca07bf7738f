import { useState } from "preact/hooks";
import { ApiError, ask, GATEWAY, ofApp } from "../api.ts";
import { ObjectFields } from "../form/compound-fields.tsx";
import { type JsonObject, withoutEmpty } from "../form/schema.ts";
import { useAction } from "../parts/action.tsx";
import { ActionForm } from "../parts/action-form.tsx";
import type { Platform } from "../parts/platforms.ts";
import { useShared } from "../session.ts";

/** Form that begins a user's consent at the network (OAuth 2). */
export function ConsentForm({ platform }: { readonly platform: Platform }) {
  const { app } = useShared();
  const action = useAction();
  const [client, setClient] = useState<JsonObject>({});
  const [url, setUrl] = useState<string>();
  const begin = async (): Promise<void> => {
    const path = ofApp(app.id, `/accounts/${platform.id}/connect`);
    const answer = await ask<{ readonly url: string }>(path, {
      method: "POST",
      body: { client: withoutEmpty(client) ?? {} },
    });
    setUrl(answer.url);
  };
  return (
    <ActionForm
      action={action}
      change={begin}
      submit="Begin"
      beside={
        url !== undefined &&
        /^https?:/.test(url) && (
          <a href={url} target="_blank" rel="noopener noreferrer">
            Continue at {platform.title} (opens a new tab)
          </a>
        )
      }
    >
      <p>
        Register this redirect address at the network: <code>{`${GATEWAY}/accounts/${platform.id}/callback`}</code>
      </p>
      <ObjectFields
        pointer="/client"
        schema={platform.consent?.schema ?? {}}
        value={client}
        faults={action.error instanceof ApiError ? action.error.errors : []}
        onChange={setClient}
      />
    </ActionForm>
  );
}
