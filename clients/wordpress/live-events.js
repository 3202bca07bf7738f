// Shows what arrives for an account, in each list that the short code wrote.

/** Fetches a listener token for what the list shows. */
async function tokenFor({ token, nonce, platform, actor, public: isPublic, signature }) {
  const answer = await fetch(token, {
    method: "POST",
    // A nonce names who is logged in. On a page for everybody it may be old, since such pages are cached.
    headers: { "Content-Type": "application/json", ...(isPublic === "yes" ? {} : { "X-WP-Nonce": nonce }) },
    body: JSON.stringify({ platform, actor, public: isPublic, signature }),
  });
  if (!answer.ok) throw new Error(`the site refused a token: ${answer.status}`);
  return (await answer.json()).token;
}

/** Makes a list item of an event. Content of a network is text, never HTML. */
function itemOf({ actor, object }) {
  const item = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = actor?.name ?? actor?.address ?? "";
  item.append(name, ` ${object?.subject ?? ""} ${object?.body ?? ""}`);
  return item;
}

for (const list of document.querySelectorAll(".dragoman-events")) {
  const { path, platform, actor } = list.dataset;
  const { connect } = await import(`${path}/client.js`);
  const dragoman = connect({
    url: path,
    filter: { type: "activity", platform, actor },
    token: () => tokenFor(list.dataset),
    onevent: (event) => list.append(itemOf(event)),
    onstate: (state) => {
      list.dataset.state = state;
    },
  });
  addEventListener("pagehide", () => dragoman.close());
}
