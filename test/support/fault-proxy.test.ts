import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONNECT, type Fault, type FaultProxy, faultProxy } from "./fault-proxy.ts";
import { lineFrames, stanzaFrames } from "./fault-proxy-frames.ts";

describe("fault proxy", () => {
  /** Greets, repeats each line in capitals and closes after BYE. */
  const shouting = createServer((socket) => {
    socket.on("error", () => undefined).write("hello\n");
    socket.on("data", (chunk) => {
      socket.write(chunk.toString().toUpperCase());
      if (chunk.includes("bye")) socket.end();
    });
  });
  let proxy: FaultProxy;
  beforeAll(async () => {
    shouting.listen(0, "127.0.0.1");
    await once(shouting, "listening");
    const upstream = (shouting.address() as AddressInfo).port;
    proxy = await faultProxy({ upstream, frames: lineFrames, steps: () => (line) => line.split(/\s/)[0] });
  });
  afterAll(async () => {
    await proxy.close();
    await new Promise((resolve) => shouting.close(resolve));
  });

  /** Says the lines and resolves with all that came until the connection ended. */
  async function conversation(...lines: readonly string[]): Promise<string> {
    const socket = connect(proxy.port, "127.0.0.1");
    for (const line of lines) socket.write(`${line}\n`);
    return text(socket);
  }

  it("forwards all bytes and names the steps", async () => {
    const from = proxy.requests.length;
    expect((await conversation("one", "bye")).toLowerCase()).toBe("hello\none\nbye\n");
    expect(proxy.requests.slice(from)).toEqual([CONNECT, "one", "bye"]);
  });

  it("answers a step in place of the server, once", async () => {
    const { struck, times } = proxy.arm("one", { kind: "says", answer: (line) => `no ${line}` });
    expect(await conversation("one", "bye")).toContain("no one\n");
    await struck;
    expect(times()).toBe(1);
    expect(await conversation("one", "bye")).toContain("ONE\n");
  });

  it.each<[string, Fault, string]>([
    ["one", { kind: "closes" }, "hello\n"],
    ["one", { kind: "says", answer: () => "off\n", closes: true }, "hello\noff\n"],
    ["one", { kind: "halves" }, "hello\nON"],
    [CONNECT, { kind: "says", answer: () => "too many\n", closes: true }, "too many\n"],
    [CONNECT, { kind: "halves" }, "hel"],
  ])("ends the connection at %s by %o", async (step, fault, expected) => {
    const socket = connect(proxy.port, "127.0.0.1");
    const { struck } = proxy.arm(step, fault);
    const all = text(socket);
    if (step !== CONNECT) {
      await once(socket, "readable");
      socket.write("one\n");
    }
    await struck;
    expect(await all).toBe(expected);
  });

  it("forwards no bytes while it hangs, nor the end of the server's connection", async () => {
    const socket = connect(proxy.port, "127.0.0.1");
    const { struck } = proxy.arm("one", { kind: "hangs" });
    let all = "";
    socket.on("data", (chunk) => {
      all += chunk;
    });
    await once(socket, "data");
    socket.write("one\nbye\n");
    await struck;
    expect(await conversation("two", "bye")).toContain("TWO\n");
    expect([all, socket.readableEnded]).toEqual(["hello\n", false]);
    socket.destroy();
  });

  it("forwards a byte at a time", async () => {
    const socket = connect(proxy.port, "127.0.0.1");
    proxy.arm("one", { kind: "trickles", everyMs: 1 });
    await once(socket, "data");
    socket.write("one\n");
    const pieces: string[] = [];
    while (pieces.join("") !== "ONE\n") pieces.push(String((await once(socket, "data"))[0]));
    expect(pieces.length).toBeGreaterThan(1);
    socket.destroy();
  });

  it("splits an XMPP stream into stanzas for any chunking", () => {
    const stanzas = ["<?xml version='1.0'?><stream:stream to='a'>", "<iq id='1'><q/></iq>", "<r/>", "</stream:stream>"];
    const bytes = Buffer.from(stanzas.join(""));
    for (const size of [1, 7, bytes.length]) {
      const split = stanzaFrames();
      const frames: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        frames.push(...split(bytes.subarray(at, at + size)).map((frame) => frame.toString()));
      expect(frames).toEqual(stanzas);
    }
  });
});
