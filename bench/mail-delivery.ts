import { smtpSink } from "../test/support/smtp-sink.ts";
import { throughput } from "./activities.ts";
import { type Figure, median } from "./figures.ts";
import { benchGateway } from "./gateway.ts";

/** Measures mail from POST to result, through API, lanes, worker and an SMTP sink. */
export async function mails(rounds = 3, count = 5_000): Promise<Figure[]> {
  const sink = await smtpSink();
  const gateway = await benchGateway({ PLATFORMS: "email", SMTP_URL: `smtp://127.0.0.1:${sink.port}` });
  const mail = (round: number) => (i: number) => ({
    rid: `mail-${round}-${i}`,
    platform: "email",
    verb: "send",
    actor: { name: "Bob User", address: "bob@example.com" },
    target: { name: "Foo Bar", address: `foo${i}@example.net` },
    object: { subject: `Hi ${i}`, body: "Hello World!\n".repeat(20) },
  });
  try {
    await throughput(gateway, 500, mail(-1));
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await throughput(gateway, count, mail(round)));
    return [
      {
        name: "mails to a local SMTP sink, each with its result",
        value: median(runs.map((run) => run.done)),
        unit: "/s",
        must: { min: 500 },
      },
      { name: "  CPU per mail, worker", value: median(runs.map((run) => run.cpu.worker)), unit: "us" },
      { name: "  CPU per mail, API", value: median(runs.map((run) => run.cpu.api)), unit: "us" },
    ];
  } finally {
    await gateway.stop();
    await sink.stop();
  }
}
