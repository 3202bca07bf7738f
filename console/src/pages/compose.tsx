import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, ask, GATEWAY, ofApp } from "../api.ts";
import { CopyAs } from "../compose/copy-as.tsx";
import { snippetsOf } from "../compose/snippets.ts";
import { ObjectFields } from "../form/compound-fields.tsx";
import { isObject, type JsonObject, withoutEmpty } from "../form/schema.ts";
import { ActionError, useAction } from "../parts/action.tsx";
import { PlatformChoice } from "../parts/platform-choice.tsx";
import { usePlatforms } from "../parts/platforms.ts";
import { goTo, linkTo, type Route } from "../route.ts";
import { useIsAdmin, useShared } from "../session.ts";

/** Parts of an activity that the form shows first. */
const FIRST = ["actor", "target", "object"];

/** Form for any activity, made of the verb's schema. */
export function Compose({ route }: { readonly route: Route }) {
  const { app } = useShared();
  const isAdmin = useIsAdmin();
  const platforms = usePlatforms();
  const [platformId, setPlatform] = useState(route.query.get("platform") ?? "email");
  const [verbName, setVerb] = useState(route.query.get("verb") ?? "send");
  const [value, setValue] = useState<JsonObject>({});
  const action = useAction();
  const platform = platforms.find(({ id }) => id === platformId) ?? platforms[0];
  const verbs = platform?.verbs ?? {};
  const name = verbName in verbs ? verbName : (Object.keys(verbs)[0] ?? "");
  const verb = verbs[name];
  useEffect(() => {
    if (verb === undefined) return;
    const { platform: _, verb: __, ...example } = verb.example;
    setValue({ ...(example as JsonObject), ...addressesIn(route.query) });
  }, [verb, route.query]);
  const activity = useMemo(() => {
    const filled = withoutEmpty(value);
    return { platform: platform?.id ?? "", verb: name, ...(isObject(filled) ? filled : {}), object: objectIn(filled) };
  }, [value, platform, name]);
  if (platform === undefined || verb === undefined) return <Loading />;
  const { platform: _, verb: __, rid: ___, ...properties } = verb.schema.properties ?? {};
  const send = async (): Promise<void> => {
    const { rid } = await ask<{ readonly rid: string }>(ofApp(app.id, "/activities"), {
      method: "POST",
      body: activity,
    });
    goTo(linkTo("history", String(rid)));
  };
  return (
    <>
      <h1>Compose</h1>
      <div class="columns">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void action.run(send);
          }}
        >
          <section>
            <div class="filters">
              <PlatformChoice label="Platform" value={platform.id} platforms={platforms} onChoose={setPlatform} />
              <label>
                Verb
                <select value={name} onChange={({ currentTarget }) => setVerb(currentTarget.value)}>
                  {Object.keys(verbs).map((option) => (
                    <option key={option} value={option}>
                      {option}
                    </option>
                  ))}
                </select>
              </label>
            </div>
            <p class="soft">{verb.summary}.</p>
            <ObjectFields
              pointer=""
              schema={{ ...verb.schema, type: "object", properties }}
              value={value}
              faults={action.error instanceof ApiError ? action.error.errors : []}
              onChange={setValue}
              first={FIRST}
            />
            <ActionError action={action} />
            <button type="submit" disabled={action.isBusy || !isAdmin}>
              Send as {app.name}
            </button>
            {!isAdmin && <p class="soft">A viewer sends nothing.</p>}
          </section>
        </form>
        <CopyAs snippets={snippetsOf(GATEWAY, activity)} />
      </div>
    </>
  );
}

/** Page while the platforms load. */
function Loading() {
  return (
    <>
      <h1>Compose</h1>
      <p class="soft">Loading …</p>
    </>
  );
}

/** Reads actor and target of an activity that is to be written again. */
function addressesIn(query: URLSearchParams): JsonObject {
  const actor = query.get("actor");
  const targets = query.getAll("target");
  return {
    ...(actor === null ? {} : { actor: { address: actor } }),
    ...(targets.length === 0 ? {} : { target: targets.map((address) => ({ address })) }),
  };
}

/** Each activity has an object, even an empty one. */
function objectIn(filled: unknown): JsonObject {
  return isObject(filled) && isObject(filled.object) ? filled.object : {};
}
