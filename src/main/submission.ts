import { ConfigError } from "../config/setting-types.ts";
import type { Config } from "../config/settings.ts";
import type { Log } from "../model/log.ts";
import { redisPendingDsns } from "../outbox/pending-dsns.ts";
import type { SmtpListener } from "../submission/smtp-listener.ts";
import type { ApiServices } from "./api-services.ts";

/** Accounts that are looked through for the only one on a network. */
const MAX_ACCOUNTS = 1_000;

/** Starts the listener for mail of the site's own, where SMTP_LISTEN names one. Throws `ConfigError`. */
export async function startSubmission(
  config: Config,
  { keys, submit, accounts, canonicalId, redis, outbox }: ApiServices,
  log: Log,
): Promise<SmtpListener | undefined> {
  if (config.smtpListen === "") return undefined;
  const endpoint = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(config.smtpListen);
  const host = endpoint?.[1] ?? endpoint?.[2];
  if (host === undefined) throw new ConfigError("SMTP_LISTEN", "takes host:port");
  const tls = tlsOf(config);
  if (tls === undefined && !/^(127\.|localhost$|::1$)/.test(host))
    throw new ConfigError("SMTP_LISTEN", "takes loopback only, or set SMTP_LISTEN_CERT and SMTP_LISTEN_KEY as well");
  const accountOn = async (app: string, platform: string) => {
    const all = await accounts.list(app, { limit: MAX_ACCOUNTS });
    const here = all.filter((account) => account.platform === canonicalId(platform));
    return all.length < MAX_ACCOUNTS && here.length === 1 ? here[0]?.address : undefined;
  };
  const domain = config.smtpListenDomain;
  const [{ smtpListener }, { dsnSender }] = await Promise.all([
    import("../submission/smtp-listener.ts"),
    import("../submission/dsn-sender.ts"),
  ]);
  const listener = await smtpListener({
    host,
    port: Number(endpoint?.[3]),
    ...(tls === undefined ? {} : { tls }),
    domain,
    keys,
    submit,
    accountOn,
    log,
  });
  log.info({ host, port: listener.port }, "mail submission started");
  const notifications = dsnSender({ pending: redisPendingDsns({ redis }), outbox, submit, domain, log });
  return {
    ...listener,
    stop: async () => {
      await Promise.all([listener.stop(), notifications.stop()]);
    },
  };
}

function tlsOf({
  smtpListenCert: cert,
  smtpListenKey: key,
}: Config): { readonly cert: string; readonly key: string } | undefined {
  if ((cert === "") !== (key === "")) throw new ConfigError("SMTP_LISTEN_CERT", "goes together with SMTP_LISTEN_KEY");
  return cert === "" ? undefined : { cert, key };
}
