import type { IrcMessage } from "irc-framework";
import { fault, goodbyeFault, refusalFault } from "./coded-error.ts";

/** Nicks that are tried when the wanted one is taken. */
const TRIES = 6;

export interface Registration {
  /** Hears what the server says until the account is logged in. */
  readonly take: (message: IrcMessage) => void;
  readonly fail: (thrown: unknown) => void;
  /** Resolves when the server has welcomed us and said all it has to say about itself. */
  readonly done: Promise<void>;
}

export interface RegistrationSettings {
  readonly nick: string;
  /** Whether the account must be logged in at the network's services. */
  readonly login: boolean;
  readonly secrets: readonly string[];
  readonly changeNick: (nick: string) => void;
}

/**
 * Follows the login from the first line to the end of the message of the day. A taken nick is replaced by a similar one. Rejects with a
 * fault for a refused password, login, nick or address, and where a login was wanted and did not take place.
 */
export function registration({ nick, login, secrets, changeNick }: RegistrationSettings): Registration {
  let resolve: () => void = () => undefined;
  let reject: (thrown: unknown) => void = () => undefined;
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  done.catch(() => undefined);
  let tries = 0;
  let welcome = false;
  let loggedIn = false;
  let goodbye: Error | undefined;

  function another(message: IrcMessage): void {
    tries += 1;
    if (welcome) return;
    if (tries > TRIES) reject(refusalFault(message, secrets));
    else changeNick(similar(nick, tries));
  }

  function take(message: IrcMessage): void {
    switch (message.command) {
      case "900":
      case "903":
        loggedIn = true;
        break;
      case "001":
        welcome = true;
        if (login && !loggedIn) reject(fault("IRC_NO_SASL", "The server logged nobody in"));
        break;
      case "376":
      case "422":
        if (welcome) resolve();
        break;
      case "433":
      case "436":
      case "437":
        another(message);
        break;
      case "432":
        // A variant of ours may be too odd for the server; the wanted nick itself is the app's to change.
        if (tries > 0) another(message);
        else reject(refusalFault(message, secrets));
        break;
      case "902":
      case "904":
      case "905":
        reject(fault("IRC_SASL", "The login was refused"));
        break;
      case "463":
      case "464":
      case "465":
      case "466":
        reject(refusalFault(message, secrets));
        break;
      case "ERROR":
        goodbye = goodbyeFault(message, secrets);
        break;
    }
  }

  return { take, done, fail: (thrown) => reject(goodbye ?? thrown) };
}

/** A nick like the wanted one: with lines below, then short with a number, for servers that cut nicks off. */
function similar(nick: string, tries: number): string {
  if (tries <= 3) return `${nick.slice(0, 30 - tries)}${"_".repeat(tries)}`;
  return `${nick.slice(0, 6)}${100 + Math.floor(Math.random() * 900)}`;
}
