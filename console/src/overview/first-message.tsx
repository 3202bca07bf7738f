import { ofApp } from "../api.ts";
import { useLoaded } from "../parts/loading.tsx";
import { linkTo } from "../route.ts";
import { useShared } from "../session.ts";

/** Welcome for newcomers, until the app has sent its first message. */
export function FirstMessage() {
  const { app } = useShared();
  const { answer } = useLoaded<{ readonly activities: readonly unknown[] }>(
    ofApp(app.id, "/activities?limit=1"),
    10_000,
  );
  if (answer === undefined || answer.activities.length > 0) return null;
  return (
    <section>
      <h2>Send a first message</h2>
      <p>
        {app.name} has sent nothing yet. The form is filled in already: <a href={linkTo("compose")}>compose a mail</a>,
        send it and watch what becomes of it. Without a mail server in the settings it goes to a built-in mailbox and
        comes back as an event on the page <a href={linkTo("live")}>Live</a>.
      </p>
      <p class="soft">
        Your own programs do the same: the form shows each activity as curl, PHP, JavaScript and Python.{" "}
        <a href={linkTo("accounts")}>Connect accounts</a> of other networks.
      </p>
    </section>
  );
}
