import type { Account } from "../accounts/account.ts";
import { Connect } from "../accounts/connect.tsx";
import { ask, ofApp } from "../api.ts";
import { ActionButton, ActionError, useAction } from "../parts/action.tsx";
import { Showing, useLoaded } from "../parts/loading.tsx";
import { Reason, Status, Time } from "../parts/text.tsx";
import { linkWith } from "../route.ts";
import { useShared } from "../session.ts";

/** The app's accounts at networks. */
export function Accounts() {
  const { app } = useShared();
  const path = ofApp(app.id, "/accounts?limit=1000");
  const loaded = useLoaded<{ readonly accounts: readonly Account[] }>(path, 5_000);
  return (
    <>
      <h1>Accounts</h1>
      <Showing loaded={loaded}>
        {({ accounts }) =>
          accounts.length === 0 ? (
            <p class="soft">{app.name} has no accounts.</p>
          ) : (
            <section>
              <h2>Accounts of {app.name}</h2>
              <ul class="rows">
                {accounts.map((account) => (
                  <Entry key={account.id} account={account} reload={loaded.reload} />
                ))}
              </ul>
            </section>
          )
        }
      </Showing>
      <Connect onConnected={loaded.reload} />
    </>
  );
}

function Entry({ account, reload }: { readonly account: Account; readonly reload: () => void }) {
  const { app } = useShared();
  const action = useAction();
  const { id, platform, address, state, online, updated, inbound, error } = account;
  const remove = async (): Promise<void> => {
    await ask(ofApp(app.id, `/accounts/${id}`), { method: "DELETE" });
    reload();
  };
  return (
    <li>
      <p class="row">
        <strong>{address}</strong> <span class="soft">{platform}</span> <Status status={state} />
        {online && <span class="soft">stays connected</span>}
        <span class="soft">
          since <Time at={updated} />
        </span>
        <a href={linkWith("history", { actor: address })}>History</a>
        <ActionButton
          action={action}
          change={remove}
          question={`Delete the account ${address} with its login? Mail and rooms end.`}
          label={`Delete ${address}`}
        >
          Delete
        </ActionButton>
      </p>
      <Reason error={error} />
      {inbound !== undefined && (
        <p class="soft">
          Webhook address for the network: <code>{inbound}</code>
        </p>
      )}
      <ActionError action={action} />
    </li>
  );
}
