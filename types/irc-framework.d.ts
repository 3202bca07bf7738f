/** The part of irc-framework 4.14 (plain JS) that the IRC platform uses. */
declare module "irc-framework" {
  export interface IrcMessage {
    readonly tags: Record<string, string>;
    readonly prefix: string;
    nick: string;
    readonly ident: string;
    readonly hostname: string;
    readonly command: string;
    readonly params: string[];
  }
  export interface IrcTransport {
    on(event: string, listener: (...args: never[]) => void): void;
    removeAllListeners(): void;
    disposeSocket(): void;
    connect(): void;
    writeLine(line: string, done?: () => void): void;
    close(force?: boolean): void;
    setEncoding(encoding: string): boolean;
  }
  export interface IrcOptions {
    readonly nick: string;
    readonly username: string;
    readonly gecos: string;
    readonly password?: string;
    readonly account: { readonly account?: string; readonly password?: string };
    readonly version: string;
    readonly auto_reconnect: false;
    readonly ping_interval: 0;
    readonly ping_timeout: 0;
    readonly enable_echomessage: boolean;
    readonly transport: new () => IrcTransport;
  }
  /** What the events of people carry; which fields there are depends on the event. */
  export interface IrcEvent {
    readonly nick: string;
    readonly ident?: string;
    readonly hostname?: string;
    readonly tags: Record<string, string>;
    readonly time?: number;
    readonly account?: string;
    readonly from_server?: boolean;
    readonly target?: string;
    readonly message?: string;
    readonly channel?: string;
    readonly kicked?: string;
    readonly invited?: string;
    readonly new_nick?: string;
    readonly topic?: string;
    readonly reason?: string;
  }
  export interface IrcClient {
    readonly user: { readonly nick: string };
    readonly connection: {
      readonly connected: boolean;
      emit(event: "message", message: IrcMessage, line: string): boolean;
    };
    readonly network: {
      readonly cap: { isEnabled(name: string): boolean };
      isChannelName(name: string): boolean;
    };
    connect(options: IrcOptions): void;
    requestCap(names: string | string[]): void;
    raw(line: string): void;
    caseLower(name: string): string;
    caseCompare(one: string, other: string): boolean;
    on(event: string, listener: (event: IrcEvent) => void): void;
    removeAllListeners(): void;
  }
  const irc: {
    readonly Client: new () => IrcClient;
    readonly ircLineParser: (line: string) => IrcMessage | null | undefined;
  };
  export default irc;
}
