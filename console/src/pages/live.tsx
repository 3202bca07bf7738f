import { useMemo, useState } from "preact/hooks";
import { describeEvent } from "../live/describe-event.ts";
import type { LiveEvent } from "../live/event-buffer.ts";
import { useLiveEvents } from "../live/use-live-events.ts";
import { VirtualList } from "../live/virtual-list.tsx";
import { Choice } from "../parts/choice.tsx";
import { usePlatforms } from "../parts/platforms.ts";
import { Json, Status } from "../parts/text.tsx";
import { linkTo } from "../route.ts";
import { useShared } from "../session.ts";

const TYPES = ["result", "status", "activity", "session", "hook"] as const;
const ROW_HEIGHT = 36;
const STATES = {
  connecting: "Connecting …",
  live: "Live",
  waiting: "Connection lost; trying again …",
  ended: "The stream has ended; reload the page",
} as const;

/** The app's events as they happen. */
export function Live() {
  const { app } = useShared();
  const [type, setType] = useState("");
  const [platform, setPlatform] = useState("");
  const [search, setSearch] = useState("");
  const [isPaused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<LiveEvent>();
  const query = new URLSearchParams({ ...(type && { type }), ...(platform && { platform }) }).toString();
  const { buffer, version, state } = useLiveEvents(app.id, query, isPaused);
  const events = useMemo(() => {
    const text = search.toLowerCase();
    return buffer.matching((event) => text === "" || event.text.toLowerCase().includes(text));
    // A version is a new content of the buffer.
  }, [buffer, version, search]);
  return (
    <>
      <h1>Live</h1>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <Choice label="Type" value={type} values={TYPES} onChoose={setType} />
        <Choice label="Platform" value={platform} values={usePlatforms().map(({ id }) => id)} onChoose={setPlatform} />
        <label>
          Search
          <input type="search" value={search} onInput={({ currentTarget }) => setSearch(currentTarget.value)} />
        </label>
        <button type="button" class="plain" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          Pause
        </button>
      </form>
      <p class="soft">
        <output>{isPaused ? "Paused" : STATES[state]}</output> · {events.length.toLocaleString()} of the newest{" "}
        {buffer.total().toLocaleString()} events
      </p>
      <div class="beside" data-open={chosen !== undefined}>
        <VirtualList
          label="Events, newest first"
          items={events}
          rowHeight={ROW_HEIGHT}
          keyOf={({ cursor }) => cursor}
          row={(event) => <Row event={event} isChosen={event === chosen} onChoose={setChosen} />}
        />
        {chosen !== undefined && <Details event={chosen} onClose={() => setChosen(undefined)} />}
      </div>
    </>
  );
}

interface RowProps {
  readonly event: LiveEvent;
  readonly isChosen: boolean;
  readonly onChoose: (event: LiveEvent) => void;
}

function Row({ event, isChosen, onChoose }: RowProps) {
  const { time, type, status, platform, summary } = describeEvent(event);
  return (
    <button type="button" class="event" aria-pressed={isChosen} onClick={() => onChoose(event)}>
      <span class="soft">{time}</span>
      <span>{type}</span>
      {status === "" ? <span /> : <Status status={status} />}
      <span class="soft">{platform}</span>
      <span class="cut">{summary}</span>
    </button>
  );
}

function Details({ event, onClose }: { readonly event: LiveEvent; readonly onClose: () => void }) {
  const { rid } = describeEvent(event);
  return (
    <section class="details" aria-label="The chosen event">
      <p class="row">
        {rid !== "" && <a href={linkTo("history", rid)}>Timeline of {rid}</a>}
        <button type="button" class="plain small" onClick={onClose}>
          Close
        </button>
      </p>
      <Json value={event.event} label="Event as JSON" />
    </section>
  );
}
