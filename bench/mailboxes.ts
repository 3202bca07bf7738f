import { imapNetwork } from "../test/support/mailbox-network.ts";
import { listen, put } from "./connection-listener.ts";
import { type Figure, median } from "./figures.ts";
import { benchGateway } from "./gateway.ts";

/** Measures the latency of IMAP IDLE, from Dovecot's acceptance (LMTP 250) to a listener. */
export async function mailboxes(mails = 20): Promise<readonly Figure[]> {
  const network = await imapNetwork();
  const gateway = await benchGateway({ PLATFORMS: "email", ALLOW_PRIVATE: "127.0.0.0/8", SANDBOX: "off" });
  const listener = await listen(gateway);
  try {
    await put(gateway, network, 0, 1);
    await listener.until((all) => all.some(({ state }) => state === "online"), 30_000);
    const ages: number[] = [];
    for (let n = 0; n < mails; n++) {
      const body = `bench ${n}`;
      let read = 0;
      listener.onHeard(({ object }, at) => {
        if (object?.body?.trim() === body) read = at;
      });
      await network.peerSends(0, body);
      const acceptedAt = performance.now();
      await listener.until(() => read > 0, 30_000);
      ages.push(Math.max(0, read - acceptedAt));
    }
    return [
      { name: "LMTP 250 to SSE, median", value: median(ages), unit: "ms", must: { max: 1_000 } },
      { name: "  slowest", value: Math.max(...ages), unit: "ms", must: { max: 1_000 } },
    ];
  } finally {
    listener.close();
    await gateway.stop();
    await network.close();
  }
}
