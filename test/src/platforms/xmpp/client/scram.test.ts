import { expect, it } from "vitest";
import { scram } from "../../../../../src/platforms/xmpp/client/scram.ts";

const LOGIN = { username: "user", password: "pencil" };

it("SCRAM reproduces the examples of RFC 5802 section 5 and RFC 7677 section 3", async () => {
  const sha1 = scram("SCRAM-SHA-1", "fyko+d2lbbFgONRv9qkxdawL");
  expect(await sha1.response(LOGIN)).toBe("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
  sha1.challenge("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096");
  expect(await sha1.response(LOGIN)).toBe(
    "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
  );
  const sha256 = scram("SCRAM-SHA-256", "rOprNGfwEbeRWgbNEkqO");
  await sha256.response(LOGIN);
  sha256.challenge("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  expect(await sha256.response(LOGIN)).toBe(
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
});

it("SCRAM answers the server's signature with an empty response", async () => {
  const mechanism = scram("SCRAM-SHA-1", "mine");
  await mechanism.response(LOGIN);
  mechanism.challenge("r=mine1,s=QSXCR+Q6sek8bf92,i=1");
  await mechanism.response(LOGIN);
  mechanism.challenge("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=");
  expect(await mechanism.response(LOGIN)).toBe("");
});

it("SCRAM escapes separators in the user name", async () => {
  expect(await scram("SCRAM-SHA-1", "n").response({ username: "a=b,c" })).toBe("n,,n=a=3Db=2Cc,r=n");
});

it.each([
  ["another nonce", "r=other,s=QSXCR+Q6sek8bf92,i=4096"],
  ["our nonce and no more", "r=mine,s=QSXCR+Q6sek8bf92,i=4096"],
  ["no salt", "r=mine1,i=4096"],
  ["no iterations", "r=mine1,s=QSXCR+Q6sek8bf92"],
  ["more iterations than anybody needs", "r=mine1,s=QSXCR+Q6sek8bf92,i=9999999"],
  ["garbage", "garbage"],
])("SCRAM gives no proof for a challenge with %s", async (_, challenge) => {
  const mechanism = scram("SCRAM-SHA-256", "mine");
  await mechanism.response(LOGIN);
  mechanism.challenge(challenge);
  await expect(mechanism.response(LOGIN)).rejects.toMatchObject({ code: "platform-protocol-error", kind: "retryable" });
});
