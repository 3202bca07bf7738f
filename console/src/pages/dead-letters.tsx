import { useState } from "preact/hooks";
import { ask, ofApp } from "../api.ts";
import { ActionButton, ActionError, useAction } from "../parts/action.tsx";
import { Showing, useLoaded } from "../parts/loading.tsx";
import { type ErrorNote, Json, Reason, Status, Time } from "../parts/text.tsx";
import { goTo, linkTo, linkWith, type Route } from "../route.ts";
import { useShared } from "../session.ts";

interface DeadLetter {
  readonly rid: string | number;
  readonly platform: string;
  readonly verb: string;
  readonly status: string;
  readonly actor: { readonly address: string };
  readonly target: ReadonlyArray<{ readonly address: string }>;
  readonly error?: ErrorNote;
  readonly attempts: number;
  readonly died: string;
  readonly replayedAs?: string;
}

/** Activities that failed for good. */
export function DeadLetters({ route }: { readonly route: Route }) {
  const { app } = useShared();
  const after = route.query.get("after") ?? "";
  const query = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
  const path = ofApp(app.id, `/dead-letters?limit=50${query}`);
  const loaded = useLoaded<{ readonly deadLetters: readonly DeadLetter[]; readonly next?: string }>(path, 5_000);
  return (
    <>
      <h1>Dead letters</h1>
      <Showing loaded={loaded}>
        {({ deadLetters, next }) => (
          <>
            {deadLetters.length === 0 && <p class="soft">None: nothing failed for good.</p>}
            {deadLetters.map((letter) => (
              <Letter key={letter.rid} letter={letter} reload={loaded.reload} />
            ))}
            {next !== undefined && <a href={linkWith("dead-letters", { after: next })}>Older dead letters</a>}
          </>
        )}
      </Showing>
    </>
  );
}

function Letter({ letter, reload }: { readonly letter: DeadLetter; readonly reload: () => void }) {
  const { app } = useShared();
  const action = useAction();
  const [isOpen, setOpen] = useState(false);
  const { rid, platform, verb, status, actor, target, error, attempts, died, replayedAs } = letter;
  const path = ofApp(app.id, `/dead-letters/${encodeURIComponent(rid)}`);
  const replay = async (): Promise<void> => {
    const confirm = await ask<{ readonly rid: string }>(`${path}/replay`, { method: "POST" });
    goTo(linkTo("history", String(confirm.rid)));
  };
  const remove = async (): Promise<void> => {
    await ask(path, { method: "DELETE" });
    reload();
  };
  return (
    <section>
      <h2>
        {platform} {verb} to {target.map(({ address }) => address).join(", ")}
      </h2>
      <p>
        <Status status={status} /> <Time at={died} /> after {attempts === 1 ? "1 attempt" : `${attempts} attempts`},
        from {actor.address}
      </p>
      <Reason error={error} />
      <ActionError action={action} />
      <p class="row">
        <ActionButton action={action} change={replay} label={`Replay ${rid}`}>
          Replay
        </ActionButton>
        <ActionButton
          action={action}
          change={remove}
          question="Delete this dead letter for good?"
          label={`Delete ${rid}`}
        >
          Delete
        </ActionButton>
        <button type="button" class="plain small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          Content
        </button>
        <a href={linkTo("history", String(rid))}>Timeline</a>
        {replayedAs !== undefined && <a href={linkTo("history", replayedAs)}>Replayed as {replayedAs}</a>}
      </p>
      {isOpen && <Content path={path} />}
    </section>
  );
}

function Content({ path }: { readonly path: string }) {
  const loaded = useLoaded<unknown>(path);
  return <Showing loaded={loaded}>{(letter) => <Json value={letter} label="Dead letter as JSON" />}</Showing>;
}
