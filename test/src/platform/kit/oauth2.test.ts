import { describe, expect, it } from "vitest";
import { askForGrant } from "../../../../src/platform/kit/oauth2.ts";

const server = { tokenUrl: "https://login.example.org/token", clientId: "client-1" };
const grantAfter = (status: number, body: string) =>
  askForGrant(async (url) => ({ status, headers: {}, body: Buffer.from(body), url }), server, {
    grant_type: "refresh_token",
    refresh_token: "old",
  });

describe("askForGrant", () => {
  it.each([
    [400, '{"error":"invalid_grant"}'],
    [401, '{"error":"invalid_client"}'],
    [400, '{"error":"invalid_request"}'],
    [403, '{"error":"access_denied"}'],
  ])("counts %i %s as the end of the login", async (status, body) => {
    await expect(grantAfter(status, body)).rejects.toMatchObject({ kind: "auth", code: "credentials-expired" });
  });

  it.each([
    [400, '{"error":"temporarily_unavailable"}'],
    [401, '{"error":"temporarily_unavailable"}'],
    [403, '{"error":"temporarily_unavailable"}'],
    [400, '{"error":"server_error"}'],
    [403, "<h1>Request blocked</h1>"],
    [404, ""],
    [429, '{"error":"invalid_grant_rate"}'],
    [503, '{"error":"invalid_grant"}'],
    [200, "{}"],
    [302, ""],
  ])("counts %i %s as transient", async (status, body) => {
    await expect(grantAfter(status, body)).rejects.toMatchObject({ kind: "retryable", code: "platform-unavailable" });
  });

  it.each(["", "<h1>Unauthorized</h1>", "{}", '{"error":{"code":401}}'])(
    "counts a 401 without an error code as a refusal without proof: %s",
    async (body) => {
      await expect(grantAfter(401, body)).rejects.toMatchObject({
        kind: "retryable",
        code: "platform-rejected",
        platformCode: "401 no error code",
      });
    },
  );

  it("returns the tokens of a success", async () => {
    const grant = await grantAfter(200, '{"access_token":"a","refresh_token":"b","expires_in":60}');
    expect(grant).toMatchObject({ accessToken: "a", refreshToken: "b" });
  });
});
