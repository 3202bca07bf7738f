#!/usr/bin/env node
// A drop-in for /usr/sbin/sendmail. Apart from dragoman.mjs, whose commands take longer to load.
import { sendmail } from "../dist/src/sendmail/main.js";

process.exit(
  await sendmail(process.argv.slice(2), process.env.DRAGOMAN_SENDMAIL_CONF ?? "/etc/dragoman/sendmail.conf"),
);
