import type { IrcMessage } from "irc-framework";
import { closingError, codedError, refusalError } from "./coded-error.ts";

/** Nicks tried when the wanted nick is taken. */
const MAX_TRIES = 6;

/** Follows the login. */
export interface Registration {
  /** Takes each message of the server until the account is logged in. */
  readonly take: (message: IrcMessage) => void;
  readonly fail: (thrown: unknown) => void;
  /** Resolves when the server's welcome is complete. */
  readonly done: Promise<void>;
}

export interface RegistrationOptions {
  readonly nick: string;
  /** True where the account must be logged in at the network's services. */
  readonly requiresLogin: boolean;
  readonly secrets: readonly string[];
  readonly changeNick: (nick: string) => void;
}

/**
 * Follows the login until the end of the message of the day. A taken nick is replaced by a similar nick.
 * Rejects for a refused password, login, nick or address, and where a required login did not take place.
 */
export function registration({ nick, requiresLogin, secrets, changeNick }: RegistrationOptions): Registration {
  let resolve: () => void = () => undefined;
  let reject: (thrown: unknown) => void = () => undefined;
  const done = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  done.catch(() => undefined);
  let attempts = 0;
  let isWelcome = false;
  let isLoggedIn = false;
  let closing: Error | undefined;

  function tryAnotherNick(message: IrcMessage): void {
    attempts += 1;
    if (isWelcome) return;
    if (attempts > MAX_TRIES) reject(refusalError(message, secrets));
    else changeNick(similarNick(nick, attempts));
  }

  function passwordRefusal(message: IrcMessage): Error {
    if (secrets.length > 0) return refusalError(message, secrets);
    return codedError("IRC_NO_PASSWORD", "The server asks for a password");
  }

  function take(message: IrcMessage): void {
    switch (message.command) {
      case "900":
      case "903":
        isLoggedIn = true;
        break;
      case "001":
        isWelcome = true;
        if (requiresLogin && !isLoggedIn) reject(codedError("IRC_NO_SASL", "The server skipped the login"));
        break;
      case "376":
      case "422":
        if (isWelcome) resolve();
        break;
      case "433":
      case "436":
      case "437":
        tryAnotherNick(message);
        break;
      case "432":
        // A variant of ours may be too odd for the server; the wanted nick itself is the app's to change.
        if (attempts > 0) tryAnotherNick(message);
        else reject(refusalError(message, secrets));
        break;
      case "464":
        reject(passwordRefusal(message));
        break;
      case "902":
      case "904":
      case "905":
      case "463":
      case "465":
      case "466":
        reject(refusalError(message, secrets));
        break;
      case "ERROR":
        closing = closingError(message, secrets);
        break;
    }
  }

  return { take, done, fail: (thrown) => reject(closing ?? thrown) };
}

/** Makes a similar nick. Underscores first, then short with a number for servers that cut nicks. */
function similarNick(nick: string, attempts: number): string {
  if (attempts <= 3) return `${nick.slice(0, 30 - attempts)}${"_".repeat(attempts)}`;
  return `${nick.slice(0, 6)}${100 + Math.floor(Math.random() * 900)}`;
}
