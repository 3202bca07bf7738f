import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDate } from "../../../../src/platform/kit/parse-date.ts";

describe("parseDate", () => {
  const { TZ } = process.env;
  beforeAll(() => {
    process.env.TZ = "America/New_York";
  });
  afterAll(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });

  it.each([
    ["2019-03-22T08:24:31Z"],
    ["2019-03-22T08:24:31"],
    ["2019-03-22 08:24:31"],
    ["2019-03-22T08:24:31 UTC"],
    ["2019-03-22T09:24:31+01"],
    ["2019-03-22 09:24:31+0100"],
    ["2019-03-22T03:24:31\u221205:00"],
    ["2019-03-22T08:24:31 00:00"],
    ["20190322T082431Z"],
    ["20190322082431"],
    ["2019/03/22 08:24:31"],
    ["Fri, 22 Mar 2019 08:24:31"],
    ["Fri, 22 Mar 19 08:24:31 GMT"],
    ["Fri, 22-Mar-2019 08:24:31 GMT"],
    ["Fri, 22 Mar 2019 08:24:31 -0000"],
    ["Fri, 22 Mar 2019 08:24:31 + 0000"],
    ["Fri, 22 Mar 2019 09:24:31 +0100 (CET)"],
    ["Fri, 22 Mar 2019 09:24:31 GMT+1"],
    ["Fri, 22 Mar 2019 09:24:31 CET"],
    ["Fri, 22 Mar 2019 10:24:31 CEST"],
    ["Fri, 22 Mar 2019 11:24:31 MSK"],
    ["Fri, 22 Mar 2019 17:24:31 JST"],
    ["Fri, 22 Mar 2019 18:24:31 AEST"],
    ["Fri, 22 Mar 2019 03:24:31 EST"],
    ["Fri Mar 22 00:24:31 PST 2019"],
    ["3/22/2019 8:24:31 AM"],
    ["22/03/2019 08:24:31"],
    ["22.03.2019 08:24:31"],
    ["22 mars 2019 08:24:31 +0000"],
    ["22. März 2019 08:24:31"],
    ["vie, 22 mar 2019 08:24:31 GMT"],
    ["Пт, 22 мар 2019 08:24:31 +0000"],
    ["2019年3月22日 8:24:31"],
  ])("reads %s as the same moment, whatever the machine's zone", (text) => {
    expect(parseDate(text)).toBe("2019-03-22T08:24:31.000Z");
  });

  it.each([
    ["2019-03-22", "2019-03-22T00:00:00.000Z"],
    ["20190322", "2019-03-22T00:00:00.000Z"],
    ["March 22, 2019", "2019-03-22T00:00:00.000Z"],
    ["22 de marzo de 2019", "2019-03-22T00:00:00.000Z"],
    ["2019-03", "2019-03-01T00:00:00.000Z"],
    ["2019", "2019-01-01T00:00:00.000Z"],
    ["3/22/2019 8:24 p.m.", "2019-03-22T20:24:00.000Z"],
    ["2019-03-22T08:24:31.1239-05:00", "2019-03-22T13:24:31.123Z"],
    ["Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00.000Z"],
    ["2019-03-22T24:00:00Z", "2019-03-23T00:00:00.000Z"],
    ["Thu, 01 Jan 98 00:00:00 GMT", "1998-01-01T00:00:00.000Z"],
  ])("reads %s as %s", (text, expected) => {
    expect(parseDate(text)).toBe(expected);
  });

  it.each(["", "yesterday", "31 Feb 2019", "2019-13-01", "12:30", "+275760-09-14"])("refuses %j", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it("reads what toISOString and toUTCString write, and throws for no text", () => {
    const date = fc.date({ min: new Date("1950-01-01"), max: new Date("2049-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(date, fc.string(), (moment, text) => {
        expect(parseDate(moment.toISOString())).toBe(moment.toISOString());
        expect(parseDate(moment.toUTCString())).toBe(`${moment.toISOString().slice(0, 19)}.000Z`);
        expect(parseDate(text) ?? "").toMatch(/^$|^\d{4}-.*Z$/);
      }),
    );
  });
});
