import { pathToFileURL } from "node:url";
import type { Activity } from "../src/model/activity.ts";
import { silentLog } from "../src/model/log.ts";
import { email } from "../src/platforms/email/platform.ts";
import { smtpSink } from "../test/support/smtp-sink.ts";
import { noEgress, testVerbContext } from "../test/support/verb-context.ts";

export interface MailFigures {
  readonly mails: number;
  readonly perSecond: number;
  /** CPU time of this process per mail. */
  readonly cpuMicroseconds: number;
}

/** Measures the e-mail platform alone against a local SMTP sink: composing, SMTP, outcome. No queue, no Redis. */
export async function mailBench({ mails = 5_000, outstanding = 100 } = {}): Promise<MailFigures> {
  const sink = await smtpSink();
  const platform = email({ relay: { url: `smtp://127.0.0.1:${sink.port}` } });
  const client = await platform.createClient?.({
    app: "bench",
    credentials: undefined,
    egress: noEgress,
    log: silentLog,
  });
  const run = platform.verbs.send?.run;
  const context = testVerbContext();
  let next = 0;
  const worker = async (until: number) => {
    while (next < until) {
      const n = next++;
      const receipt = await run?.(client, activity(n), context);
      if (receipt?.outcomes[0]?.status !== "sent") throw new Error("A mail of the bench was not sent");
    }
  };
  const round = (until: number) => Promise.all(Array.from({ length: outstanding }, () => worker(until)));
  await round(500);
  const cpu = process.cpuUsage();
  const start = performance.now();
  await round(500 + mails);
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await platform.dispose?.(client);
  await sink.stop();
  return { mails, perSecond: Math.round(mails / seconds), cpuMicroseconds: Math.round((user + system) / mails) };
}

function activity(n: number): Activity {
  return {
    id: `01BENCH${String(n).padStart(19, "0")}`,
    rid: `bench-${n}`,
    platform: "email",
    verb: "send",
    actor: { address: "bob@example.com", name: "Bob User" },
    target: [{ address: `foo${n}@example.net`, name: "Foo Bar" }],
    object: { subject: `Hi ${n}`, body: "Hello World!\n".repeat(20) },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(await mailBench());
