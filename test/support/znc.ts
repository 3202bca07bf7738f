import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asNobody, NOBODY } from "./as-nobody.ts";
import { freePort } from "./free-port.ts";
import { type IrcServer, ircProcess } from "./irc-process.ts";

export interface ZncOptions {
  /** Port of the IRC server behind the bouncer. */
  readonly upstream: number;
  /** Whether the bouncer repeats its buffers at each connect, instead of once. */
  readonly keepsBuffers: boolean;
}

/** The server password of an account behind the bouncer. */
export const ZNC_PASSWORD = "bob/net:znc-pw";

/** Starts a private ZNC before an IRC server, with the user `bob` in `#room`. */
export async function testZnc({ upstream, keepsBuffers }: ZncOptions): Promise<IrcServer> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-znc-"));
  const port = await freePort();
  await mkdir(join(dir, "configs"));
  await writeFile(join(dir, "configs", "znc.conf"), configuration(port, upstream, keepsBuffers));
  if (process.getuid?.() === 0)
    for (const path of [dir, join(dir, "configs"), join(dir, "configs", "znc.conf")]) await chown(path, NOBODY, NOBODY);
  const [program, ...rest] = [...asNobody(), "znc", "--foreground", "--datadir", dir];
  const server = ircProcess([program as string, ...rest], port);
  await server.start();
  return { ...server, stop: () => server.stop().then(() => rm(dir, { recursive: true, force: true })) };
}

function configuration(port: number, upstream: number, keepsBuffers: boolean): string {
  return `
Version = 1.8.2
ConnectDelay = 0
ServerThrottle = 1
<Listener main>
  Host = 127.0.0.1
  Port = ${port}
  IPv4 = true
  IPv6 = false
  SSL = false
</Listener>
<User bob>
  Admin = false
  Nick = bob
  AltNick = bob_
  Ident = bob
  RealName = bob
  ChanBufferSize = 50
  QueryBufferSize = 50
  AutoClearChanBuffer = ${!keepsBuffers}
  AutoClearQueryBuffer = ${!keepsBuffers}
  MultiClients = true
  <Network net>
    FloodProtection = false
    Server = 127.0.0.1 ${upstream}
    <Chan #room>
    </Chan>
  </Network>
  <Pass password>
    Method = plain
    Hash = znc-pw
  </Pass>
</User>
`;
}
