import { useState } from "preact/hooks";
import { PlatformChoice } from "../parts/platform-choice.tsx";
import { usePlatforms } from "../parts/platforms.ts";
import { useIsAdmin } from "../session.ts";
import { ConsentForm } from "./consent-form.tsx";
import { LoginForm } from "./login-form.tsx";

/** Guide that connects an account: the network first, then how it is connected. */
export function Connect({ onConnected }: { readonly onConnected: () => void }) {
  const platforms = usePlatforms().filter(
    ({ credentials, consent }) => credentials !== undefined || consent !== undefined,
  );
  const [chosen, setChosen] = useState("");
  const [isByConsent, setByConsent] = useState(false);
  const isAdmin = useIsAdmin();
  const platform = platforms.find(({ id }) => id === chosen) ?? platforms[0];
  if (!isAdmin || platform === undefined) return null;
  const { credentials, consent } = platform;
  return (
    <section>
      <h2>Connect an account</h2>
      <div class="filters">
        <PlatformChoice label="Network" value={platform.id} platforms={platforms} onChoose={setChosen} />
        {credentials !== undefined && consent !== undefined && (
          <label>
            How
            <select
              value={isByConsent ? "consent" : "login"}
              onChange={({ currentTarget }) => setByConsent(currentTarget.value === "consent")}
            >
              <option value="login">With a login</option>
              <option value="consent">By consent at the network (OAuth 2)</option>
            </select>
          </label>
        )}
      </div>
      {credentials !== undefined && !(isByConsent && consent !== undefined) ? (
        <LoginForm key={platform.id} platform={platform} onConnected={onConnected} />
      ) : (
        <ConsentForm key={platform.id} platform={platform} />
      )}
    </section>
  );
}
