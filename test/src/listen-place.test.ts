import { expect, test } from "vitest";
import { ConfigError } from "../../src/config.ts";
import { adminPlace, listenPlace } from "../../src/listen-place.ts";

test("HOST is an address or a socket", () => {
  expect(listenPlace("127.0.0.1", 8000)).toEqual({ host: "127.0.0.1", port: 8000 });
  expect(listenPlace("unix:/run/dragoman.sock", 8000)).toEqual({ path: "/run/dragoman.sock" });
});

test("ADMIN_LISTEN in its three forms", () => {
  expect(adminPlace("127.0.0.1:9100")).toEqual({ host: "127.0.0.1", port: 9100 });
  expect(adminPlace("[::1]:9100")).toEqual({ host: "::1", port: 9100 });
  expect(adminPlace("unix:/run/admin.sock")).toEqual({ path: "/run/admin.sock" });
});

test.each(["9100", "localhost", "a:b", "a:99999", "unix:relative", "::1:80"])("refuses %s", (text) => {
  expect(() => adminPlace(text)).toThrow(ConfigError);
});
