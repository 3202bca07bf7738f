// Makes the inbox live: goes on where the page's own list ends, over cuts, ended tokens and restarts.
import { connect } from "/gateway/client.js";

const inbox = document.getElementById("inbox");
const state = document.getElementById("state");

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text ?? "";
  return element;
}

const dragoman = connect({
  after: inbox.dataset.cursor || "earliest",
  filter: { type: "activity" },
  token: async () => {
    await fetch("token.php", { method: "POST" });
  },
  onevent: ({ actor, object }) => {
    const item = document.createElement("li");
    item.append(line("b", actor.name ?? actor.address), " ", line("i", object.subject), line("p", object.body));
    inbox.append(item);
  },
  onstate: (now) => {
    state.textContent = now;
  },
});

addEventListener("pagehide", () => dragoman.close());
