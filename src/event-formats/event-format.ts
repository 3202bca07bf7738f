/** Formats in which events are given out; `dragoman` is the form of the log. */
export const EVENT_FORMATS = ["dragoman", "cloudevents", "activitystreams"] as const;
export type EventFormat = (typeof EVENT_FORMATS)[number];
