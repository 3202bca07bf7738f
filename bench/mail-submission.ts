import { smtpSession } from "../src/sendmail/smtp-client.ts";
import { freePort } from "../test/support/free-port.ts";
import { smtpSink } from "../test/support/smtp-sink.ts";
import { type Figure, median } from "./figures.ts";
import { type BenchGateway, benchGateway } from "./gateway.ts";

/** Programs that submit at once. */
const CLIENTS = 32;

/** Measures mails that are taken by SMTP while the worker sends them on. Each is stored before its 250. */
export async function submissions(rounds = 3, count = 3_000): Promise<Figure[]> {
  const port = await freePort();
  const sink = await smtpSink();
  const relay = `smtp://127.0.0.1:${sink.port}`;
  const gateway = await benchGateway({ PLATFORMS: "email", SMTP_URL: relay, SMTP_LISTEN: `127.0.0.1:${port}` });
  try {
    await takeMails(gateway, port, 500, "warm-up");
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await takeMails(gateway, port, count, `round-${round}`));
    return [
      {
        name: "mails taken by SMTP while they are sent on",
        value: median(runs.map((run) => run.rate)),
        unit: "/s",
        must: { min: 500 },
      },
      { name: "  CPU per mail, API", value: median(runs.map((run) => run.cpu)), unit: "us" },
    ];
  } finally {
    await gateway.stop();
    await sink.stop();
  }
}

async function takeMails({ key, cpu }: BenchGateway, port: number, count: number, name: string) {
  let next = 0;
  const submit = async (): Promise<void> => {
    const session = await smtpSession({ host: "127.0.0.1", port, key });
    for (let n = next++; n < count; n = next++) {
      const lines = [
        `Message-ID: <${name}-${n}@shop.example>`,
        "From: shop@shop.example",
        `To: foo${n}@example.net`,
        "Subject: Your order",
        "Content-Type: text/plain; charset=utf-8",
        "",
        ..."Hello World!\n".repeat(20).split("\n"),
      ];
      const bytes = Buffer.from(`${lines.join("\r\n")}\r\n`);
      await session.send({ from: "shop@shop.example", to: [`foo${n}@example.net`], bytes });
    }
    session.end();
  };
  const [since, before] = [performance.now(), cpu().api];
  await Promise.all(Array.from({ length: CLIENTS }, submit));
  const seconds = (performance.now() - since) / 1_000;
  return { rate: count / seconds, cpu: ((cpu().api - before) / count) * 1e6 };
}
