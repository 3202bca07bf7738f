import { expect } from "vitest";
import { ircNetwork } from "../../support/irc-network.ts";
import { connectionContract, type Trial } from "./suite.ts";
import type { TestNetwork } from "./test-network.ts";

const TRIALS: ReadonlyArray<Trial<TestNetwork>> = [
  {
    behaviour: "records equal lines as two",
    run: async ({ network, number, bodiesUntil }) => {
      for (const text of ["same", "same", "last"]) await network.peerSends(number, text);
      expect(await bodiesUntil("last")).toEqual(["same", "same", "last"]);
    },
  },
  {
    behaviour: "records what follows a malformed line",
    run: async ({ network, number, bodiesUntil }) => {
      const lines = [
        "\u0001ACTION waves",
        "\u0001ACTION",
        "\u0001\u0001",
        "\u0001DCC SEND x",
        "\u0003\u000f\u0002",
        "last",
      ];
      for (const line of lines) await network.peerSends(number, line);
      expect(await bodiesUntil("last")).toContain("waves");
    },
  },
  {
    behaviour: "keeps the characters of a line that the server cuts",
    run: async ({ network, number, bodiesUntil }) => {
      for (const start of ["", "a"]) await network.peerSends(number, `${start}${"Ж".repeat(245)}`);
      await network.peerSends(number, "last");
      const cut = (await bodiesUntil("last")).slice(0, -1);
      expect(cut).toHaveLength(2);
      for (const text of cut) expect(text).toMatch(/^a?Ж{200,}\u{fffd}?(\[CUT\])?$/u);
    },
  },
];

connectionContract("irc on ngIRCd", () => ircNetwork("ngircd"), TRIALS);
connectionContract("irc on InspIRCd", () => ircNetwork("inspircd"), TRIALS);
