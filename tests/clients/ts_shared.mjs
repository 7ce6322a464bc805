// What the TypeScript clients share: where their packages are, how one of both eras connects, and how a
// run ends.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ERAS = { legacy: '2025-11-25', modern: '2026-07-28' };

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const e2e = process.env.GLANCES_E2E_DIR || join(cache, 'glances-mcp', 'e2e');

/** The folder of npm packages that `cargo xtask setup` installs. */
export const packages = join(e2e, 'node');

/** A client of an era, connected over HTTP. `prepare` is given it before. */
export async function connected(era, url, prepare = () => {}) {
  const folder = join(packages, 'node_modules', '@modelcontextprotocol', 'client');
  const { exports } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const sdk = await import(pathToFileURL(join(folder, exports['.'].import.default)));
  const mode = era === 'modern' ? { versionNegotiation: { mode: { pin: ERAS.modern } } } : {};
  const client = new sdk.Client({ name: 'glances-mcp-tests', version: '1' }, mode);
  prepare(client);
  await client.connect(new sdk.StreamableHTTPClientTransport(new URL(url)));
  const version = client.getNegotiatedProtocolVersion();
  if (version !== ERAS[era]) throw new Error(`negotiated ${version}, not ${ERAS[era]}`);
  return client;
}

/** Runs, prints what it gives as one line of JSON, and ends: with 1 and the reason if it fails. */
export function run(main, timeoutMs) {
  const fail = (reason) => {
    console.error(`FAILED: ${reason}`);
    process.exit(1);
  };
  setTimeout(() => fail(`no end after ${timeoutMs / 1000} s`), timeoutMs).unref();
  main().then(
    (seen) => {
      console.log(JSON.stringify(seen));
      process.exit(0);
    },
    (err) => fail(err?.message ?? err),
  );
}
