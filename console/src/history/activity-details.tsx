import { ask, ofApp } from "../api.ts";
import { ActionButton, ActionError, useAction } from "../parts/action.tsx";
import { Showing, useLoaded } from "../parts/loading.tsx";
import { Json, Reason, Status, Time } from "../parts/text.tsx";
import { goTo, linkTo } from "../route.ts";
import { useShared } from "../session.ts";
import { type ActivityStanding, OPEN } from "./activity.ts";
import { Timeline } from "./timeline.tsx";

/** Page of one activity: its state, its way and what can be done about it. */
export function ActivityDetails({ rid }: { readonly rid: string }) {
  const { app } = useShared();
  const loaded = useLoaded<ActivityStanding>(ofApp(app.id, `/activities/${encodeURIComponent(rid)}`), 2_000);
  return (
    <>
      <h1>Activity {rid}</h1>
      <Showing loaded={loaded}>
        {(activity) => <Details rid={rid} activity={activity} reload={loaded.reload} />}
      </Showing>
    </>
  );
}

interface DetailsProps {
  readonly rid: string;
  readonly activity: ActivityStanding;
  readonly reload: () => void;
}

function Details({ rid, activity, reload }: DetailsProps) {
  const { platform, verb, status, actor, target, retryAt, expires, error, waitsFor, timeline } = activity;
  const isOpen = OPEN.includes(status);
  return (
    <>
      <section>
        <p>
          <Status status={status} /> {platform} {verb} from <strong>{actor.address}</strong>
        </p>
        <Reason error={error} />
        {retryAt !== undefined && isOpen && (
          <p>
            Next attempt: <Time at={retryAt} />
          </p>
        )}
        {waitsFor !== undefined && (
          <p>
            It waits for <a href={linkTo("history", String(waitsFor.rid))}>{waitsFor.rid}</a>, an earlier activity of
            the same conversation (<Status status={waitsFor.status} />
            ).
          </p>
        )}
        {isOpen && (
          <p class="soft">
            It ends at the latest at <Time at={expires} />.
          </p>
        )}
        <ul class="rows">
          {target.map((outcome, index) => (
            <li key={index}>
              To <strong>{outcome.address}</strong> <Status status={outcome.status} />
              <Reason error={outcome.error} />
            </li>
          ))}
        </ul>
        <Changes rid={rid} activity={activity} reload={reload} />
      </section>
      <section>
        <h2>Timeline</h2>
        <Timeline steps={timeline} />
      </section>
      <details>
        <summary>As JSON</summary>
        <Json value={activity} label="Activity as JSON" />
      </details>
    </>
  );
}

const CANCELLABLE = ["queued", "scheduled", "deferred"];
const DEAD = ["failed", "partial", "expired"];

function Changes({ rid, activity, reload }: DetailsProps) {
  const { app } = useShared();
  const action = useAction();
  const { status, platform, verb, actor, target } = activity;
  const cancel = async (): Promise<void> => {
    await ask(ofApp(app.id, `/activities/${encodeURIComponent(rid)}`), { method: "DELETE" });
    reload();
  };
  const resend = async (): Promise<void> => {
    const path = ofApp(app.id, `/dead-letters/${encodeURIComponent(rid)}/replay`);
    const confirm = await ask<{ readonly rid: string }>(path, { method: "POST" });
    goTo(linkTo("history", String(confirm.rid)));
  };
  const isDead = DEAD.includes(status);
  const letter = useLoaded<unknown>(isDead ? ofApp(app.id, `/dead-letters/${encodeURIComponent(rid)}`) : undefined);
  const again = new URLSearchParams([
    ["platform", platform],
    ["verb", verb],
    ["actor", actor.address],
    ...target.map(({ address }) => ["target", address]),
  ]);
  return (
    <>
      <ActionError action={action} />
      <p class="row">
        {CANCELLABLE.includes(status) && (
          <ActionButton action={action} change={cancel} question="Cancel this activity?">
            Cancel
          </ActionButton>
        )}
        {letter.answer !== undefined && (
          <ActionButton action={action} change={resend}>
            Resend
          </ActionButton>
        )}
        {isDead && letter.error !== undefined && (
          <span class="soft">It was refused for good, so its content is not kept.</span>
        )}
        <a href={`${linkTo("compose")}?${again}`}>Compose a new one to the same addresses</a>
      </p>
    </>
  );
}
